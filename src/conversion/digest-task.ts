import { createHash } from 'node:crypto';
import { BandwidthGate } from '../io/bandwidth-gate.js';
import { SourceFile } from '../io/source-file.js';
import { XenferryError } from '../model/errors.js';
import { MIB } from '../model/units.js';
import type { ExpectedDigest, FileRange } from '../model/virtual-machine.js';
import { giveSign, type TaskKind } from '../worker-threads-pool/index.js';

export interface DigestInput {
  readonly range: FileRange;
  readonly expected: ExpectedDigest;
  /** Name in the manifest, for the message. */
  readonly name: string;
  /** `[0] !== 0`: stop. */
  readonly canceled: Int32Array;
  /** Memory of the BandwidthGate that what is read passes. */
  readonly gate: SharedArrayBuffer;
  /** As `withSigns` gives them. */
  readonly signs?: Int32Array | undefined;
}

/** Hashes a file of the source from start to end, beside its conversion, and compares with the manifest. */
export const DIGEST: TaskKind<DigestInput, void> = { worker: 'digest' };

const READ_BYTES = 4 * MIB;

/** The thread's work. Rejects with MANIFEST_MISMATCH, SOURCE_UNREADABLE, CANCELED. */
export async function checkDigest(input: DigestInput): Promise<void> {
  const { range, expected, name, canceled, gate, signs } = input;
  giveSign(signs);
  const passage = BandwidthGate.attach(gate);
  const file = SourceFile.open(range, 'SOURCE_UNREADABLE');
  try {
    const hash = createHash(expected.algorithm);
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    for (let offset = 0; offset < file.length; offset += READ_BYTES) {
      const length = Math.min(READ_BYTES, file.length - offset);
      const wanted = () => {
        giveSign(signs);
        return Atomics.load(canceled, 0) === 0;
      };
      if (!wanted() || !(await passage.pass(length, wanted))) {
        throw new XenferryError('CANCELED', 'the digest check was stopped');
      }
      await file.read(buffer, 0, length, offset);
      hash.update(buffer.subarray(0, length));
    }
    const actual = hash.digest('hex');
    if (actual !== expected.hex) {
      throw new XenferryError(
        'MANIFEST_MISMATCH',
        `${expected.algorithm} of ${name} is ${actual}, the manifest says ${expected.hex}`,
        { file: range.path },
      );
    }
  } finally {
    file.close();
  }
}
