import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, extname } from 'node:path';
import {
  convertToRaw,
  convertToVhd,
  convertToXva,
  type DiskProgress,
  type DiskSurvey,
  diskDigest,
  surveyImage,
} from '../conversion/index.js';
import { freeBytes } from '../io/free-space.js';
import { PartialFile } from '../io/partial-file.js';
import { systemErrorCode, XenferryError } from '../model/errors.js';
import type { PlannedMachine } from '../model/plan.js';
import { BLOCK_BYTES, GIB } from '../model/units.js';
import { xvaPlan } from '../targets/xva-folder/index.js';
import { WorkerThreadsPool } from '../worker-threads-pool/index.js';
import { openInputImage } from './input-image.js';

export type OutputFormat = 'vhd' | 'raw' | 'xva';

export interface FileConversion {
  /** Absolute paths. */
  readonly input: string;
  readonly output: string;
  readonly format: OutputFormat;
  readonly threads: number;
  /** Replace an existing output. */
  readonly force: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: DiskProgress) => void;
}

export interface ConvertedFile {
  readonly input: string;
  readonly output: string;
  readonly format: OutputFormat;
  readonly capacityBytes: number;
  /** Bytes of blocks that are not zeros. */
  readonly dataBytes: number;
  readonly fileBytes: number;
  /** See docs/verification.md. */
  readonly digest: string;
}

/** Converts one disk. Nothing stands under the output's name until it is whole. Throws every code but PLAN_*. */
export async function convertFile(conversion: FileConversion): Promise<ConvertedFile> {
  const { input, output, signal } = conversion;
  await refuseExistingOutput(conversion);
  const image = await openInputImage(input, `${output}.source.partial`, signal);
  const pool = new WorkerThreadsPool(conversion.threads);
  try {
    const survey = await surveyImage(image.source);
    await refuseFullTarget(survey, output);
    const { digests, fileBytes } = await write(conversion, survey, pool);
    return {
      input,
      output,
      format: conversion.format,
      capacityBytes: survey.capacityBytes,
      dataBytes: digests.filter((digest) => digest !== 0n).length * BLOCK_BYTES,
      fileBytes,
      digest: diskDigest(digests),
    };
  } finally {
    await pool.close();
    await image.release();
  }
}

async function write(
  conversion: FileConversion,
  survey: DiskSurvey,
  pool: WorkerThreadsPool,
): Promise<{ digests: BigUint64Array; fileBytes: number }> {
  const { output, format } = conversion;
  if (format === 'xva') return await writeXva(conversion, survey, pool);
  const convert = format === 'vhd' ? convertToVhd : convertToRaw;
  const { records, fileBytes } = await convert({ ...conversion, ...survey, pool, outPath: output });
  return { digests: records.digests, fileBytes };
}

/** A machine around the one disk, to be adapted after the import. */
async function writeXva(
  { input, output, threads, signal, onProgress }: FileConversion,
  { source, allocated, capacityBytes }: DiskSurvey,
  pool: WorkerThreadsPool,
): Promise<{ digests: BigUint64Array; fileBytes: number }> {
  const { loadProfiles } = await import('../guests/profiles/index.js');
  const { ovaXml, diskIds } = xvaPlan(machineAround(input, capacityBytes), await loadProfiles());
  const partial = await PartialFile.open(output, false);
  try {
    const disks = [{ source, allocated, diskId: diskIds[0] ?? '', onProgress }];
    const xva = await convertToXva({ pool, ovaXml, disks, checksum: 'sha1', threads, signal }, partial);
    await partial.publish();
    return { digests: xva.disks[0]?.records.digests ?? new BigUint64Array(), fileBytes: xva.fileBytes };
  } catch (error) {
    await partial.discard();
    throw error;
  }
}

function machineAround(input: string, capacityBytes: number): PlannedMachine {
  const file = basename(input);
  const name = basename(input, extname(input));
  return {
    machine: {
      id: file,
      name,
      description: '',
      uuid: null,
      guestOs: '',
      firmware: 'bios',
      secureBoot: false,
      cpus: 1,
      coresPerSocket: 1,
      memoryBytes: GIB,
      disks: [
        {
          capacityBytes,
          format: '',
          file,
          controller: '',
          bus: 0,
          unit: 0,
          location: null,
        },
      ],
      nics: [],
      startOrder: null,
      startDelaySeconds: 0,
      source: { kind: 'vmx', descriptor: file },
    },
    profile: { id: 'generic', title: '', limits: [] },
    output: `${name}.xva`,
    dataBytes: 0,
    certainBytes: 0,
    concerns: [],
  };
}

async function refuseExistingOutput({ input, output, force }: FileConversion): Promise<void> {
  try {
    await stat(output);
  } catch (cause) {
    if (systemErrorCode(cause) === 'ENOENT') return;
    throw new XenferryError('TARGET_UNWRITABLE', `cannot be looked at (${systemErrorCode(cause)})`, {
      file: output,
      cause,
    });
  }
  if (!force) throw new XenferryError('TARGET_EXISTS', 'the output exists', { file: output });
  if ((await realpath(output)) === (await realpath(input))) {
    throw new XenferryError('CONFIG_INVALID', 'input and output are the same file', { file: output });
  }
}

async function refuseFullTarget({ exact, dataBytes }: DiskSurvey, output: string): Promise<void> {
  const free = await freeBytes(dirname(output));
  if (!exact || dataBytes <= free) return;
  throw new XenferryError('TARGET_NO_SPACE', `the disk holds ${dataBytes} bytes, ${free} are free`, {
    file: output,
  });
}
