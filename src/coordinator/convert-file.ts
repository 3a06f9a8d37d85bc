import { realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  type BlockDigest,
  type BlockRecords,
  convertToDifferencingVhd,
  convertToFixedVhd,
  convertToQcow2,
  convertToRaw,
  convertToVhd,
  convertToXva,
  type DiskProgress,
  type DiskSurvey,
  dataBytesOf,
  diskDigest,
  surveyChanges,
  surveyImage,
} from '../conversion/index.js';
import { freeBytes } from '../io/free-space.js';
import { PartialFile } from '../io/partial-file.js';
import { systemErrorCode, XenferryError } from '../model/errors.js';
import { WorkerThreadsPool } from '../worker-threads-pool/index.js';
import { type InputSpec, isAddress, openInputImage } from './input-image.js';

export const OUTPUT_FORMATS = ['vhd', 'fixed-vhd', 'qcow2', 'raw', 'xva'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** What a single conversion reads and how. */
export interface DiskInput extends InputSpec {
  readonly format: OutputFormat;
  readonly threads: number;
  readonly digest: BlockDigest;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: DiskProgress) => void;
}

export interface FileConversion extends DiskInput {
  /** Absolute path. */
  readonly output: string;
  /** Absolute path of a VHD: the output holds only what the input, a snapshot, changed. */
  readonly parent: string | undefined;
  /** Replace an existing output. */
  readonly force: boolean;
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
  /** What is amiss with the input and could be helped, in words. */
  readonly notes: readonly string[];
}

/** Converts one disk. Nothing stands under the output's name until it is whole. Throws every code but PLAN_*. */
export async function convertFile(conversion: FileConversion): Promise<ConvertedFile> {
  const { input, output, format, parent, signal } = conversion;
  refuseOddParent(conversion);
  await refuseExistingOutput(conversion);
  const image = await openInputImage(conversion, `${output}.source.partial`, signal);
  const pool = new WorkerThreadsPool(conversion.threads);
  try {
    const survey = await (parent === undefined ? surveyImage : surveyChanges)(image.source, signal);
    await refuseFullTarget(survey, output);
    const { records, fileBytes } = await write(conversion, survey, pool);
    const { capacityBytes, notes } = survey;
    return {
      input,
      output,
      format,
      capacityBytes,
      dataBytes: dataBytesOf(records),
      fileBytes,
      digest: diskDigest(records),
      notes,
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
): Promise<{ records: BlockRecords; fileBytes: number }> {
  const disk = { ...conversion, ...survey, pool, outPath: conversion.output };
  const { format, parent } = conversion;
  switch (format) {
    case 'vhd':
      return await (parent === undefined
        ? convertToVhd(disk)
        : convertToDifferencingVhd(disk, { path: parent }));
    case 'fixed-vhd':
      return await convertToFixedVhd(disk);
    case 'qcow2':
      return await convertToQcow2(disk);
    case 'raw':
      return await convertToRaw(disk);
    case 'xva':
      return await writeXva(conversion, survey, pool);
  }
}

async function writeXva(
  { input, output, threads, digest, signal, onProgress }: FileConversion,
  { source, allocated, capacityBytes }: DiskSurvey,
  pool: WorkerThreadsPool,
): Promise<{ records: BlockRecords; fileBytes: number }> {
  const { oneDiskMachine } = await import('./one-disk-machine.js');
  const { ovaXml, diskIds } = await oneDiskMachine(input, capacityBytes);
  const partial = await PartialFile.open(output, false);
  try {
    const disk = { source, allocated, diskId: diskIds[0] ?? '', onProgress };
    const options = { pool, ovaXml, checksum: 'sha1', threads, digest, signal } as const;
    const { disks, fileBytes } = await convertToXva({ ...options, disks: [disk] }, partial);
    await partial.publish();
    const [converted] = disks;
    if (converted === undefined) throw new XenferryError('INTERNAL', 'the disk was not converted');
    return { records: converted.records, fileBytes };
  } catch (error) {
    await partial.discard();
    throw error;
  }
}

/** A parent is found beside its child and nowhere else. */
function refuseOddParent({ parent, output, format }: FileConversion): void {
  if (parent === undefined) return;
  if (format !== 'vhd') throw new XenferryError('CONFIG_INVALID', `--parent makes a VHD, not ${format}`);
  if (dirname(parent) === dirname(output)) return;
  throw new XenferryError('CONFIG_INVALID', 'the parent must be in the folder of the output', {
    file: parent,
  });
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
  if (!isAddress(input) && (await realpath(output)) === (await realpath(input).catch(() => ''))) {
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
