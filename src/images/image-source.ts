import { shownUrl } from '../http-source/index.js';
import type { FileRange } from '../model/virtual-machine.js';
import type { VsphereReference } from '../model/vsphere-reference.js';
import type { DatastorePath } from '../vsphere/index.js';

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

/** A file of a datastore, which a vCenter or an ESXi host gives out; every thread logs in for itself. */
export interface DatastoreLocation extends DatastorePath {
  readonly kind: 'datastore';
  readonly server: VsphereReference;
}

/** Where the bytes of an image are; plain data. */
export type ByteLocation =
  /** One file or part of one, or several that follow each other. */
  | { readonly kind: 'files'; readonly ranges: readonly FileRange[] }
  | HttpLocation
  | DatastoreLocation
  /** `nbd://host[:port]/export` or `nbd+unix:///export?socket=/path`. */
  | { readonly kind: 'nbd'; readonly uri: string };

/** Names a disk image so that every thread can open it for itself; plain data. */
export interface ImageSource {
  readonly format: ImageFormat;
  readonly location: ByteLocation;
  /** Absolute path of a qcow2 layer whose clusters stand for the image's own. */
  readonly overlay?: string | undefined;
}

/** Tells one location from another, without what is secret in it. */
export function locationName(location: ByteLocation): string {
  return JSON.stringify(location.kind === 'http' ? shownUrl(location.url) : location);
}

/** A whole file. */
export function fileImage(format: ImageFormat, path: string, length: number): ImageSource {
  return { format, location: { kind: 'files', ranges: [{ path, offset: 0, length }] } };
}
