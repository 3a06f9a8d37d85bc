import {
  type BlockJournal,
  convertToXva,
  DIGEST,
  type DiskProgress,
  type DiskSurvey,
  surveyDisk,
  type XvaDiskConversion,
  type XvaFile,
} from '../conversion/index.js';
import type { PartialFile } from '../io/partial-file.js';
import { firstFailure, XenferryError } from '../model/errors.js';
import type { VirtualMachine } from '../model/virtual-machine.js';
import type { XvaPlan } from '../targets/xva-folder/index.js';
import type { WorkerThreadsPool } from '../worker-threads-pool/index.js';
import type { ChunkChecksum } from '../xva/index.js';

export interface MachineConversion {
  readonly machine: VirtualMachine;
  readonly xva: XvaPlan;
  readonly pool: WorkerThreadsPool;
  readonly checksum: ChunkChecksum;
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
  const surveys = await surveyAll(conversion.machine);
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
  const { pool, xva, checksum } = conversion;
  const disks = surveys.map((survey, index) => diskConversion(conversion, survey, index));
  const converting = stopping(
    convertToXva({ pool, ovaXml: xva.ovaXml, disks, checksum, threads: pool.threads, signal }, partial),
  );
  const checking = stopping(checkDigests(conversion.machine, pool, signal));
  const failure = firstFailure(await Promise.allSettled([converting, checking]));
  if (failure !== undefined) throw failure;
  return await converting;
}

async function surveyAll(machine: VirtualMachine): Promise<DiskSurvey[]> {
  const surveys: DiskSurvey[] = [];
  for (const disk of machine.disks) {
    const survey = await surveyDisk(disk);
    if (survey === null) throw new XenferryError('OVF_FILE_MISSING', `${disk.file} has no file`);
    surveys.push(survey);
  }
  return surveys;
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
  const canceled = new Int32Array(new SharedArrayBuffer(4));
  const cancel = () => Atomics.store(canceled, 0, 1);
  signal.addEventListener('abort', cancel);
  if (signal.aborted) cancel();
  const checks = machine.disks.map(async ({ location, expectedDigest, file }) => {
    if (location === null || expectedDigest === null) return;
    await pool.run(DIGEST, { range: location, expected: expectedDigest, name: file, canceled });
  });
  const failure = firstFailure(await Promise.allSettled(checks));
  signal.removeEventListener('abort', cancel);
  if (failure !== undefined) throw failure;
}
