import { createHash } from 'node:crypto';
import type { FileAttributes, GuestEntry } from './guest-files.js';

/** All three known. */
export type WholeAttributes = Required<FileAttributes>;

/** What was at a path before an edit. */
export type EditedBefore =
  /** `digest`: SHA-256 in hex; `size` in bytes. */
  | {
      readonly kind: 'file';
      readonly digest: string;
      readonly size: number;
      readonly attributes: WholeAttributes;
    }
  | { readonly kind: 'link'; readonly target: string };

interface Edit {
  /** Absolute, without links above its last name. */
  readonly path: string;
  /** Null where there was nothing. */
  readonly before: EditedBefore | null;
}

/** One change of a guest's file tree; a path has one edit at most. */
export type GuestEdit =
  | (Edit & {
      readonly kind: 'write';
      readonly bytes: Buffer;
      /** SHA-256 of the whole file after it, in hex. */
      readonly digest: string;
      readonly attributes: FileAttributes;
    })
  /** `bytes`: what is added; `digest`: of the whole file after it. */
  | (Edit & { readonly kind: 'append'; readonly bytes: Buffer; readonly digest: string })
  | (Edit & { readonly kind: 'link'; readonly target: string })
  | (Edit & { readonly kind: 'remove' });

/** An edit as it is written down: all that undoing it needs. `size`: bytes that were written or added. */
export type MadeEdit =
  | OfKind<'write' | 'append', 'bytes', { readonly size: number }>
  | OfKind<'link' | 'remove'>;

type OfKind<
  Kind extends GuestEdit['kind'],
  Left extends string = never,
  More = unknown,
> = Kind extends unknown ? Omit<Extract<GuestEdit, { kind: Kind }>, Left> & More : never;

export function madeEdit(edit: GuestEdit): MadeEdit {
  if (edit.kind === 'link' || edit.kind === 'remove') return edit;
  const { bytes, ...made } = edit;
  return { ...made, size: bytes.length };
}

/** SHA-256 in hex, over pieces that follow each other. */
export function digestOf(...pieces: readonly Buffer[]): string {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}

export function attributesOf({ mode, uid, gid }: GuestEntry): WholeAttributes {
  return { mode, uid, gid };
}

/** What a new file gets: what is given, else what it replaces has, else its folder without the right to enter. */
export function newAttributes(
  given: FileAttributes,
  replaced: GuestEntry | null,
  folder: GuestEntry | null,
): WholeAttributes {
  const old = replaced?.kind === 'file' ? replaced : null;
  return {
    mode: given.mode ?? old?.mode ?? (folder?.mode ?? 0o755) & 0o666,
    uid: given.uid ?? old?.uid ?? folder?.uid ?? 0,
    gid: given.gid ?? old?.gid ?? folder?.gid ?? 0,
  };
}
