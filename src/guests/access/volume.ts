import type { FileAttributes, GuestEntry } from '../files/guest-files.js';

/**
 * One file system of a guest. Paths begin with `/` at its own root, hold no links above the last name, and are spelled
 * as stored. Rejects with GUEST_UNREADABLE, GUEST_UNWRITABLE, TOOL_*.
 */
export interface Volume {
  /** Whether names that differ in letter case alone are the same. */
  readonly foldsCase: boolean;
  entry(path: string): Promise<GuestEntry | null>;
  list(path: string): Promise<readonly string[]>;
  /** Null where there is no file. */
  read(path: string, maxBytes: number): Promise<Buffer | null>;
  /** Makes a file, or replaces a file or a link, so that after a crash it is the old or the new one. */
  write(path: string, bytes: Buffer, attributes: FileAttributes): Promise<void>;
  append(path: string, bytes: Buffer): Promise<void>;
  link(path: string, target: string): Promise<void>;
  /** Of a file or a link. */
  remove(path: string): Promise<void>;
  /** In a folder that exists. */
  makeFolder(path: string): Promise<void>;
}
