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
import { locatedImage, type UnpackedImage, unpackImage } from '../images/index.js';
import type { PartialFile } from '../io/partial-file.js';
import { firstFailure, XenferryError } from '../model/errors.js';
import type { VirtualMachine } from '../model/virtual-machine.js';
import type { XvaPlan } from '../targets/xva-folder/index.js';
import { type WorkerThreadsPool, withCancelFlag } from '../worker-threads-pool/index.js';
import type { ChunkChecksum } from '../xva/index.js';

export interface MachineConversion {
  readonly machine: VirtualMachine;
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
  const images = await readableImages(conversion, partial.path);
  try {
    const surveys: DiskSurvey[] = [];
    for (const { source } of images) surveys.push(await surveyImage(source, conversion.signal));
    return await convertSurveyed(conversion, surveys, partial);
  } finally {
    for (const { release } of images) await release();
  }
}

async function convertSurveyed(
  conversion: MachineConversion,
  surveys: readonly DiskSurvey[],
  partial: PartialFile,
): Promise<XvaFile> {
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

/** Compressed disks are unpacked beside the output, for as long as the conversion takes. */
async function readableImages(
  { machine, signal }: MachineConversion,
  outputPath: string,
): Promise<UnpackedImage[]> {
  const images: UnpackedImage[] = [];
  try {
    for (const [index, { location, file, capacityBytes }] of machine.disks.entries()) {
      if (location === null) throw new XenferryError('OVF_FILE_MISSING', `${file} has no file`);
      images.push(
        location.compression === null
          ? { source: locatedImage(location), release: async () => {} }
          : await unpackImage(location, capacityBytes, `${outputPath}.disk${index}`, signal),
      );
    }
    return images;
  } catch (error) {
    for (const { release } of images) await release();
    throw error;
  }
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
