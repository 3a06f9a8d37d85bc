import { shownUrl } from '../http-source/index.js';
import type { DatastoreLocation, FileRange } from '../model/virtual-machine.js';
import type { XvaDiskChunks } from '../xva/index.js';

export const IMAGE_FORMATS = ['vmdk', 'vhd', 'qcow2', 'raw'] as const;
export type ImageFormat = (typeof IMAGE_FORMATS)[number];

/** A file on a web server. */
export interface HttpLocation {
  readonly kind: 'http';
  /** `user:password@` and the query of a signed URL are secrets: show it with `shownUrl` only. */
  readonly url: string;
  /** SHA-256 of the one certificate to trust, in hex. */
  readonly tlsFingerprint?: string | undefined;
}

/** Where the bytes of an image are; plain data. */
export type ByteLocation =
  /** One file or part of one, or several that follow each other. */
  | { readonly kind: 'files'; readonly ranges: readonly FileRange[] }
  | HttpLocation
  | DatastoreLocation
  /** `nbd://host[:port]/export` or `nbd+unix:///export?socket=/path`. */
  | {
      readonly kind: 'nbd';
      readonly uri: string;
      /** At most so many may read it at a time; any number where left out. */
      readonly connections?: number | undefined;
    };

/** What an earlier conversion made of a disk; plain data. */
export type MadeDisk =
  | { readonly kind: 'image'; readonly format: ImageFormat; readonly location: ByteLocation }
  | XvaDiskChunks;

/** Names a disk image so that every thread can open it for itself; plain data. */
export interface ImageSource {
  readonly format: ImageFormat;
  readonly location: ByteLocation;
  /** One byte per 2 MiB block, 0 where somebody knows that nothing but zeros is; the image tells where left out. */
  readonly allocated?: Uint8Array | undefined;
  /** Absolute path of a qcow2 layer whose clusters stand for the image's own. */
  readonly overlay?: string | undefined;
  /** What stands for the image, and its overlay, but for the blocks that have changed since. */
  readonly made?:
    | {
        readonly disk: MadeDisk;
        /** One byte per 2 MiB block, 1 for those of the image. */
        readonly changed: Uint8Array;
      }
    | undefined;
}

/** Tells one location from another, without what is secret in it. */
export function locationName(location: ByteLocation): string {
  switch (location.kind) {
    case 'http':
      return JSON.stringify(shownUrl(location.url));
    case 'datastore': {
      const { server, datacenter, datastore, path } = location;
      return JSON.stringify([server.url, datacenter, datastore, path]);
    }
    default:
      return JSON.stringify(location);
  }
}

/** A whole file. */
export function fileImage(format: ImageFormat, path: string, length: number): ImageSource {
  return { format, location: { kind: 'files', ranges: [{ path, offset: 0, length }] } };
}
