import { z } from 'zod';

/** What `qemu-img info` tells of an image. */
export interface QemuImageInfo {
  readonly format: string;
  readonly virtualBytes: number;
  /** The image below this one in a chain; null for a whole image. */
  readonly backingFile: string | null;
}

/** A range of an image, in bytes. */
export interface ImageRange {
  readonly start: number;
  readonly end: number;
}

const INFO = z.object({
  format: z.string(),
  'virtual-size': z.number(),
  'backing-filename': z.string().optional(),
});
const MAP = z.array(z.object({ start: z.number(), length: z.number(), data: z.boolean() }));

/** Of `qemu-img info --output=json`. */
export function parseInfo(output: string): QemuImageInfo {
  const info = INFO.parse(JSON.parse(output));
  return {
    format: info.format,
    virtualBytes: info['virtual-size'],
    backingFile: info['backing-filename'] ?? null,
  };
}

/** Of `qemu-img map --output=json`: the ranges with data. */
export function parseMap(output: string): ImageRange[] {
  return MAP.parse(JSON.parse(output)).flatMap(({ start, length, data }) =>
    data ? [{ start, end: start + length }] : [],
  );
}
