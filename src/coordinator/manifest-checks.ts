import { DIGEST, type DiskSurvey, surveyImage } from '../conversion/index.js';
import type { ImageSource } from '../images/index.js';
import { firstFailure } from '../model/errors.js';
import { diskParts, type VirtualMachine } from '../model/virtual-machine.js';
import { type WorkerThreadsPool, withCancelFlag, withSigns } from '../worker-threads-pool/index.js';

/** One after the other: their tables take memory. Rejects as `surveyImage` does. */
export async function surveyDisks(
  images: readonly ImageSource[],
  signal: AbortSignal,
): Promise<DiskSurvey[]> {
  const surveys: DiskSurvey[] = [];
  for (const source of images) surveys.push(await surveyImage(source, signal));
  return surveys;
}

/** What a manifest is checked with. */
interface ManifestMeans {
  readonly pool: WorkerThreadsPool;
  readonly signal: AbortSignal;
  /** Called about once a second while the check comes on, or waits for its turn. */
  readonly onSign: () => void;
}

/**
 * Moves a machine's disks and, beside that, checks the manifest's digests of the source files. The first failure of
 * either stops both.
 */
export async function besideManifestChecks<T>(
  machine: VirtualMachine,
  means: ManifestMeans,
  move: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const signal = AbortSignal.any([means.signal, stop.signal]);
  const stopping = async <R>(work: Promise<R>): Promise<R> => {
    try {
      return await work;
    } catch (error) {
      stop.abort();
      throw error;
    }
  };
  const moving = stopping(move(signal));
  const checking = stopping(checkDigests(machine, { ...means, signal }));
  const failure = firstFailure(await Promise.allSettled([moving, checking]));
  if (failure !== undefined) throw failure;
  return await moving;
}

/** Reads every disk file that a manifest covers from start to end, in threads of the pool. */
async function checkDigests(machine: VirtualMachine, { pool, signal, onSign }: ManifestMeans): Promise<void> {
  const check = async (canceled: Int32Array, signs: Int32Array) => {
    const parts = machine.disks.flatMap(diskParts);
    const checks = parts.map(async ({ range, expectedDigest, name }) => {
      if (expectedDigest === null) return;
      const input = { range, expected: expectedDigest, name, canceled, gate: pool.gate.memory, signs };
      await pool.run(DIGEST, input);
    });
    const failure = firstFailure(await Promise.allSettled(checks));
    if (failure !== undefined) throw failure;
  };
  await withCancelFlag(signal, (canceled) => withSigns(onSign, (signs) => check(canceled, signs)));
}
