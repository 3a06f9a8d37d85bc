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
import { PartialFile } from '../io/partial-file.js';
import { XenferryError } from '../model/errors.js';
import { WorkerThreadsPool } from '../worker-threads-pool/index.js';
import { type InputSpec, openInputImage, shownInput } from './input-image.js';
import { refuseCommand, refuseSurveyed } from './refused-outputs.js';

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
  /** Without what is secret in an address. */
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
  await refuseCommand(conversion);
  const image = await openInputImage(conversion, `${output}.source.partial`, signal);
  const pool = new WorkerThreadsPool(conversion.threads);
  try {
    const survey = await (parent === undefined ? surveyImage : surveyChanges)(image.source, signal);
    await refuseSurveyed(conversion, survey);
    const { records, fileBytes } = await write(conversion, survey, pool);
    const { capacityBytes, notes } = survey;
    return {
      input: shownInput(input),
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
  const { ovaXml, diskIds } = await oneDiskMachine(shownInput(input), capacityBytes);
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
