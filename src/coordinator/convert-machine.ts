import {
  type BlockDigest,
  type BlockJournal,
  convertToXva,
  DIGEST,
  type DiskProgress,
  type DiskSurvey,
  surveyImage,
  type XvaDiskConversion,
  type XvaFile,
} from '../conversion/index.js';
import type { ImageSource } from '../images/index.js';
import type { PartialFile } from '../io/partial-file.js';
import { firstFailure } from '../model/errors.js';
import type { VirtualMachine } from '../model/virtual-machine.js';
import type { XvaPlan } from '../targets/xva-folder/index.js';
import { type WorkerThreadsPool, withCancelFlag } from '../worker-threads-pool/index.js';
import type { ChunkChecksum } from '../xva/index.js';

export interface MachineConversion {
  readonly machine: VirtualMachine;
  /** Its disks, ready to be read. */
  readonly images: readonly ImageSource[];
  readonly xva: XvaPlan;
  readonly pool: WorkerThreadsPool;
  readonly checksum: ChunkChecksum;
  readonly digest: BlockDigest;
  readonly signal: AbortSignal;
  /** Of disk `index`. */
  readonly journal: (index: number) => BlockJournal;
  readonly onProgress: (index: number, progress: DiskProgress) => void;
}

/**
 * Moves all disks of a machine into its archive and, beside that, checks the manifest's digests of the source
 * files. The first failure of either stops both.
 */
export async function convertMachine(conversion: MachineConversion, partial: PartialFile): Promise<XvaFile> {
  const surveys: DiskSurvey[] = [];
  for (const source of conversion.images) surveys.push(await surveyImage(source, conversion.signal));
  const stop = new AbortController();
  const signal = AbortSignal.any([conversion.signal, stop.signal]);
  const stopping = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      stop.abort();
      throw error;
    }
  };
  const { pool, xva, checksum, digest } = conversion;
  const disks = surveys.map((survey, index) => diskConversion(conversion, survey, index));
  const converting = stopping(
    convertToXva(
      { pool, ovaXml: xva.ovaXml, disks, checksum, digest, threads: pool.threads, signal },
      partial,
    ),
  );
  const checking = stopping(checkDigests(conversion.machine, pool, signal));
  const failure = firstFailure(await Promise.allSettled([converting, checking]));
  if (failure !== undefined) throw failure;
  return await converting;
}

function diskConversion(
  { xva, journal, onProgress }: MachineConversion,
  { source, allocated }: DiskSurvey,
  index: number,
): XvaDiskConversion {
  return {
    source,
    allocated,
    diskId: xva.diskIds[index] ?? '',
    journal: journal(index),
    onProgress: (progress) => onProgress(index, progress),
  };
}

/** Reads every disk file that a manifest covers from start to end, in threads of the pool. */
async function checkDigests(
  machine: VirtualMachine,
  pool: WorkerThreadsPool,
  signal: AbortSignal,
): Promise<void> {
  await withCancelFlag(signal, async (canceled) => {
    const parts = machine.disks.flatMap(({ location }) => location?.parts ?? []);
    const checks = parts.map(async ({ range, expectedDigest, name }) => {
      if (expectedDigest === null) return;
      await pool.run(DIGEST, { range, expected: expectedDigest, name, canceled });
    });
    const failure = firstFailure(await Promise.allSettled(checks));
    if (failure !== undefined) throw failure;
  });
}
