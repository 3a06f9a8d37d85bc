import { XenferryError } from '../../model/errors.js';
import { digestOf, type EditedBefore, type GuestEdit, type MadeEdit, madeEdit } from './guest-edit.js';
import type { GuestFiles } from './guest-files.js';

/** Keeps what edits replaced, by SHA-256 in hex. */
export interface UndoStore {
  /** Durable when it resolves; harmless when it has the bytes already. */
  put(digest: string, bytes: Buffer): Promise<void>;
  /** Null when it never got them. */
  get(digest: string): Promise<Buffer | null>;
}

/** How an edit and the guest stand to each other. */
type Standing = 'before' | 'after' | 'neither';

/**
 * Applies edits in their order. All of them are checked first: each path must be as it was when the edits were made,
 * or as its edit leaves it, which is skipped, so that a broken-off run can be repeated. What is replaced is in the
 * store before it goes. Rejects with GUEST_UNWRITABLE before anything is changed when a path is neither.
 */
export async function applyEdits(
  files: GuestFiles,
  edits: readonly GuestEdit[],
  store: UndoStore,
): Promise<void> {
  const open: GuestEdit[] = [];
  for (const edit of edits) {
    const standing = await standingOf(files, madeEdit(edit));
    if (standing === 'neither') throw changed(edit.path);
    if (standing === 'before') open.push(edit);
  }
  for (const edit of open) {
    // An append leaves what was there in place: its beginning is its own undo.
    if (edit.before?.kind === 'file' && edit.kind !== 'append') {
      await store.put(edit.before.digest, await readWhole(files, edit.path, edit.before.size));
    }
    await apply(files, edit);
  }
}

/**
 * Takes edits back, last one first; paths that are as before are skipped. Folders that were made for new files stay.
 * Rejects with GUEST_UNWRITABLE when a path is neither as its edit left it nor as before, or the store lacks its bytes.
 */
export async function undoEdits(
  files: GuestFiles,
  edits: readonly MadeEdit[],
  store: UndoStore,
): Promise<void> {
  for (const edit of [...edits].reverse()) {
    const standing = await standingOf(files, edit);
    if (standing === 'neither') throw changed(edit.path);
    if (standing === 'after') await undo(files, edit, store);
  }
}

async function apply(files: GuestFiles, edit: GuestEdit): Promise<void> {
  switch (edit.kind) {
    case 'write':
      // A write follows links, and an edit's path is meant as it stands.
      if (edit.before?.kind === 'link') await files.remove(edit.path);
      return await files.write(edit.path, edit.bytes, edit.attributes);
    case 'append':
      return await files.append(edit.path, edit.bytes);
    case 'link':
      return await files.link(edit.path, edit.target);
    case 'remove':
      return await files.remove(edit.path);
  }
}

async function undo(files: GuestFiles, edit: MadeEdit, store: UndoStore): Promise<void> {
  const { path, before } = edit;
  if (before === null) return await files.remove(path);
  if (before.kind === 'link') return await files.link(path, before.target);
  const bytes =
    edit.kind === 'append'
      ? (await readWhole(files, path, before.size + edit.size)).subarray(0, before.size)
      : await store.get(before.digest);
  if (bytes === null || digestOf(bytes) !== before.digest) {
    throw new XenferryError(
      'GUEST_UNWRITABLE',
      `${JSON.stringify(path)} cannot be restored: its bytes were not kept`,
    );
  }
  if (edit.kind === 'link') await files.remove(path);
  await files.write(path, bytes, before.attributes);
}

async function standingOf(files: GuestFiles, edit: MadeEdit): Promise<Standing> {
  const found = await stateOf(files, edit);
  if (sameState(found, afterOf(edit))) return 'after';
  return sameState(found, edit.before) ? 'before' : 'neither';
}

async function stateOf(files: GuestFiles, edit: MadeEdit): Promise<EditedBefore | 'other' | null> {
  const entry = await files.entry(edit.path);
  if (entry === null) return null;
  if (entry.kind === 'link') return { kind: 'link', target: entry.target ?? '' };
  if (entry.kind !== 'file') return 'other';
  const { mode, uid, gid, size } = entry;
  const digest = digestOf(await readWhole(files, edit.path, size));
  return { kind: 'file', digest, size, attributes: { mode, uid, gid } };
}

function afterOf(edit: MadeEdit): EditedBefore | null {
  const old = edit.before?.kind === 'file' ? edit.before : null;
  switch (edit.kind) {
    case 'write':
      return {
        kind: 'file',
        digest: edit.digest,
        size: edit.size,
        attributes: { mode: -1, uid: -1, gid: -1, ...old?.attributes, ...edit.attributes },
      };
    case 'append':
      return old === null ? null : { ...old, digest: edit.digest, size: old.size + edit.size };
    case 'link':
      return { kind: 'link', target: edit.target };
    case 'remove':
      return null;
  }
}

/** Attributes of -1 are not known and equal to any. */
function sameState(found: EditedBefore | 'other' | null, expected: EditedBefore | null): boolean {
  if (found === 'other') return false;
  if (found === null || expected === null) return found === expected;
  if (found.kind === 'link' || expected.kind === 'link') {
    return found.kind === 'link' && expected.kind === 'link' && found.target === expected.target;
  }
  const { mode, uid, gid } = expected.attributes;
  return (
    found.digest === expected.digest &&
    (mode === -1 || mode === found.attributes.mode) &&
    (uid === -1 || uid === found.attributes.uid) &&
    (gid === -1 || gid === found.attributes.gid)
  );
}

async function readWhole(files: GuestFiles, path: string, size: number): Promise<Buffer> {
  const bytes = await files.read(path, size);
  if (bytes === null) throw changed(path);
  return bytes;
}

function changed(path: string): XenferryError {
  return new XenferryError(
    'GUEST_UNWRITABLE',
    `${JSON.stringify(path)} in the guest is not as it was when it was inspected`,
    {
      hint: 'Leave the disk alone while it is converted, then run the same command again.',
    },
  );
}
