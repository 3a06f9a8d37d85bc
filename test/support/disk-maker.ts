import { createCipheriv } from 'node:crypto';
import { open } from 'node:fs/promises';
import { execa } from 'execa';
import { KIB, MIB } from '../../src/model/units.js';

/** What `qemu-img` can write as VMDK. */
export const SUBFORMATS = [
  'monolithicSparse',
  'streamOptimized',
  'monolithicFlat',
  'twoGbMaxExtentSparse',
  'twoGbMaxExtentFlat',
] as const;

export type Subformat = (typeof SUBFORMATS)[number];

/** Bytes that no compressor shrinks; the same seed gives the same bytes. */
export function noise(seed: number, length: number): Buffer {
  const key = Buffer.alloc(16, `seed ${seed} `);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

/** Lines of a log, which compress well. */
export function logText(seed: number, length: number): Buffer {
  const text = Buffer.alloc(length);
  for (let at = 0, line = 0; at < length; line++) {
    const number = (seed * 7919 + line * 104_729) % 1_000_003;
    at += text.write(
      `daemon[${number}]: request ${seed}-${line} served in ${number % 997} ms\n`,
      at,
      'latin1',
    );
  }
  return text;
}

/** A raw disk of bare holes. */
export async function makeEmptyRaw(path: string, capacityBytes: number): Promise<void> {
  const file = await open(path, 'w');
  await file.truncate(capacityBytes);
  await file.close();
}

/**
 * A raw disk with everything a conversion has to tell apart: noise, text, written zeros, holes, data at odd places,
 * and a last sector that is data.
 */
export async function makeMixedRaw(path: string, capacityBytes: number): Promise<void> {
  await makeEmptyRaw(path, capacityBytes);
  const pieces: readonly (readonly [offset: number, bytes: Buffer])[] = [
    [0, noise(1, 3 * MIB)],
    [4 * MIB, logText(2, 2 * MIB)],
    [6 * MIB, Buffer.alloc(2 * MIB)],
    // One sector in a block, one that crosses the border of two, one of a single byte that is not zero.
    [9 * MIB + 3 * 512, noise(3, 512)],
    [12 * MIB - 512, noise(4, 1024)],
    [17 * MIB - 1, Buffer.from([1])],
    [20 * MIB + 64 * KIB, logText(5, 192 * KIB)],
    [24 * MIB, noise(6, 5 * MIB + 512)],
    [capacityBytes - 512, noise(7, 512)],
  ];
  const file = await open(path, 'r+');
  for (const [offset, bytes] of pieces) await file.write(bytes, 0, bytes.length, offset);
  await file.close();
}

/** Writes a raw disk as VMDK. */
export async function makeVmdk(raw: string, vmdk: string, subformat: Subformat): Promise<void> {
  const options = `subformat=${subformat},adapter_type=lsilogic`;
  await execa('qemu-img', ['convert', '-f', 'raw', '-O', 'vmdk', '-o', options, raw, vmdk]);
}
