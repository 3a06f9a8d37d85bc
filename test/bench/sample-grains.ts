import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { KIB, MIB, roundUp, SECTOR_BYTES } from '../../src/model/units.js';

export const GRAIN_BYTES = 64 * KIB;
const MARKER_BYTES = 12;
const SAMPLE = 4 * MIB;
const SAMPLES = 12;
/** What `readGrains` fills. */
export const SAMPLE_BYTES = SAMPLES * SAMPLE;

export interface Grain {
  readonly from: number;
  readonly length: number;
}

/** Samples of a streamOptimized VMDK's grains, read to `source`; a marker's fields are told from data by their values. */
export function readGrains(vmdk: string, source: Buffer): Grain[] {
  const fd = openSync(vmdk, 'r');
  const step = roundUp(Math.floor(statSync(vmdk).size / (SAMPLES + 1)), SECTOR_BYTES);
  const grains: Grain[] = [];
  for (let sample = 0; sample < SAMPLES; sample++) {
    const start = sample * SAMPLE;
    // Grains start on any sector, so the first of a sample is found by looking.
    const end = start + readSync(fd, source, start, SAMPLE, (sample + 1) * step);
    for (let at = start; at + 2 * GRAIN_BYTES <= end; ) {
      const length = source.readUInt32LE(at + 8);
      const isGrain =
        length > 0 && length < 2 * GRAIN_BYTES && source.readUInt16BE(at + MARKER_BYTES) === 0x789c;
      if (isGrain) grains.push({ from: at + MARKER_BYTES, length });
      at += roundUp(isGrain ? MARKER_BYTES + length : 1, SECTOR_BYTES);
    }
  }
  closeSync(fd);
  return grains;
}
