import type { FileRange } from '../model/virtual-machine.js';

export type ImageFormat = 'vmdk' | 'raw';

/** Where the bytes of an image are; plain data. */
export type ByteLocation =
  /** One file or part of one, or several that follow each other. */
  { readonly kind: 'files'; readonly ranges: readonly FileRange[] };

/** Names a disk image so that every thread can open it for itself; plain data. */
export interface ImageSource {
  readonly format: ImageFormat;
  readonly location: ByteLocation;
}

/** A whole file. */
export function fileImage(format: ImageFormat, path: string, length: number): ImageSource {
  return { format, location: { kind: 'files', ranges: [{ path, offset: 0, length }] } };
}
