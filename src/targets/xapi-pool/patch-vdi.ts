import {
  type BlockRecords,
  type ConvertedDisk,
  type DiskConversionOptions,
  patchedRecords,
} from '../../conversion/index.js';
import { XenferryError } from '../../model/errors.js';
import { importVdi, type Ref, type XapiClient } from '../../xapi/index.js';
import { patchBody } from './disk-body.js';
import { type TransferPlace, withFreshAttempts } from './fresh-attempts.js';
import { type ReadBackAmount, readBackVdi } from './read-back-vdi.js';

/** Some blocks of a disk that is in the pool already. */
export interface VdiPatch {
  readonly vdi: Ref;
  /** Of the VDI, which the storage manager may have rounded up. */
  readonly virtualBytes: number;
  readonly place: TransferPlace;
  /** `source` is the disk as it is to be; `allocated` the blocks that are written, zeros too: one byte per 2 MiB block. */
  readonly conversion: Omit<DiskConversionOptions, 'signal' | 'journal'>;
  /** What the VDI holds elsewhere. */
  readonly records: BlockRecords;
  readonly readBack: ReadBackAmount;
  /** The disk's name, for errors. */
  readonly name: string;
}

/**
 * Writes blocks of a VDI anew, where they are; all others are neither sent nor touched. The VDI must be in no VM that
 * runs. What breaks is done again a few times, which does no harm. After a failure the marked blocks hold anything, and
 * the patch must be made again before anybody uses the disk. Returns the records of all blocks as they are now. Rejects
 * with the conversion's codes, POOL_*, CANCELED.
 */
export async function patchVdi(client: XapiClient, patch: VdiPatch): Promise<BlockRecords> {
  const { place, conversion, records } = patch;
  if (!conversion.allocated.includes(1)) return records;
  const found = await withFreshAttempts(client, place, (address) => uploadOnce(client, patch, address));
  return patchedRecords(records, found.records, conversion.allocated);
}

/** Compares what a patch has written with `records`; returns how many bytes of the disk. Rejects as `readBackVdi` does. */
export async function comparePatch(
  client: XapiClient,
  { conversion, readBack: amount, ...patch }: VdiPatch,
  records: BlockRecords,
): Promise<number> {
  const only = conversion.allocated;
  if (!only.includes(1)) return 0;
  return await readBackVdi(client, { ...patch, records, amount, gate: conversion.pool.gate, only });
}

async function uploadOnce(client: XapiClient, patch: VdiPatch, address: string): Promise<ConvertedDisk> {
  // The conversion of a broken attempt must not go on beside the next.
  const attempt = new AbortController();
  const signal = AbortSignal.any([patch.place.signal, attempt.signal]);
  try {
    let converted: ConvertedDisk | undefined;
    const body = patchBody({ ...patch.conversion, signal }, (found) => {
      converted = found;
    });
    await importVdi(client, { ...body, address, vdi: patch.vdi, format: 'chunked', signal });
    if (converted === undefined) throw new XenferryError('INTERNAL', 'the conversion ended early');
    return converted;
  } finally {
    attempt.abort();
  }
}
