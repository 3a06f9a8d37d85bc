/** A file or folder as it is on the guest's disk. */
export interface GuestEntry {
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  /** Bytes; of a link the length of its target. */
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Of a link, as stored; null for anything else. */
  readonly target: string | null;
}

/** What a new file gets; what is left out is taken from the file it replaces, else from its folder. */
export interface FileAttributes {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * The guest's file tree, all its volumes mounted where the guest mounts them. Paths are absolute with `/`; Windows'
 * system volume is the root. Links are followed inside the guest and never out of it. On volumes that do not tell
 * letter case apart, names are found in any.
 * Rejects with GUEST_UNREADABLE and GUEST_UNWRITABLE.
 */
export interface GuestFiles {
  /** Null where there is nothing. A link at the path itself is not followed. */
  entry(path: string): Promise<GuestEntry | null>;
  /** Names in a folder, sorted; empty when it is none. */
  list(path: string): Promise<readonly string[]>;
  /** The whole file, links followed; null where there is none. Refuses files above `maxBytes`. */
  read(path: string, maxBytes: number): Promise<Buffer | null>;
  /** Makes or replaces a file, folders above it included. A link at the path is followed. */
  write(path: string, bytes: Buffer, attributes?: FileAttributes): Promise<void>;
  /** Adds to the end of a file that exists; for files too large to be rewritten. */
  append(path: string, bytes: Buffer): Promise<void>;
  /** Makes or replaces a link. */
  link(path: string, target: string): Promise<void>;
  /** Removes a file or a link; nothing happens where there is none. */
  remove(path: string): Promise<void>;
}
