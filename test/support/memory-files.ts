import { isDeepStrictEqual } from 'node:util';
import { newAttributes } from '../../src/guests/files/guest-edit.js';
import type { FileAttributes, GuestEntry, GuestFiles } from '../../src/guests/files/guest-files.js';
import {
  type Found,
  folderOf,
  joinPath,
  matchingName,
  nameOf,
  type Resolved,
  resolvePath,
} from '../../src/guests/files/resolve-path.js';
import { XenferryError } from '../../src/model/errors.js';

type Folder = { kind: 'folder'; mode: number; uid: number; gid: number; names: Map<string, Node> };
type Node =
  | Folder
  | { kind: 'file'; mode: number; uid: number; gid: number; bytes: Buffer }
  | { kind: 'link'; target: string };

/** Text or bytes of a file, or the target of a link. */
export type MemoryContent = string | Buffer | { readonly link: string };

/** A guest's file tree in memory. */
export class MemoryFiles implements GuestFiles {
  readonly #root: Node = { kind: 'folder', mode: 0o755, uid: 0, gid: 0, names: new Map() };
  readonly #foldsCase: boolean;
  /** Paths that were written, linked or removed and came out different, in order. */
  readonly changes: string[] = [];

  /** A tree with these files and links by absolute path without links; folders are made as needed. */
  constructor(tree: Readonly<Record<string, MemoryContent>> = {}, { foldsCase = false } = {}) {
    this.#foldsCase = foldsCase;
    for (const [path, content] of Object.entries(tree)) {
      this.#folder(folderOf(path)).names.set(nameOf(path), nodeOf(content));
    }
  }

  async entry(path: string): Promise<GuestEntry | null> {
    return (await this.#resolve(path, false)).entry;
  }

  async list(path: string): Promise<readonly string[]> {
    const node = this.#node((await this.#resolve(path, true)).path);
    return node?.kind === 'folder' ? [...node.names.keys()].sort() : [];
  }

  async read(path: string, maxBytes: number): Promise<Buffer | null> {
    const node = this.#node((await this.#resolve(path, true)).path);
    if (node?.kind !== 'file') return null;
    if (node.bytes.length > maxBytes) throw new XenferryError('GUEST_UNREADABLE', `${path} is too large`);
    return Buffer.from(node.bytes);
  }

  /** The text of a file, or null. */
  async text(path: string): Promise<string | null> {
    return (await this.read(path, Number.MAX_SAFE_INTEGER))?.toString() ?? null;
  }

  async write(path: string, bytes: Buffer, attributes: FileAttributes = {}): Promise<void> {
    const file = await this.#resolve(path, true);
    refuseFolder(file);
    const folder = this.#folder(folderOf(file.path));
    const own = newAttributes(attributes, file.entry, entryOf(folder));
    this.#put(folder, file.path, { kind: 'file', ...own, bytes: Buffer.from(bytes) });
  }

  async append(path: string, bytes: Buffer): Promise<void> {
    const file = await this.#resolve(path, true);
    const node = this.#node(file.path);
    if (node?.kind !== 'file') throw new XenferryError('GUEST_UNWRITABLE', `no file at ${path}`);
    this.#put(this.#folder(folderOf(file.path)), file.path, {
      ...node,
      bytes: Buffer.concat([node.bytes, bytes]),
    });
  }

  async link(path: string, target: string): Promise<void> {
    const link = await this.#resolve(path, false);
    refuseFolder(link);
    this.#put(this.#folder(folderOf(link.path)), link.path, { kind: 'link', target });
  }

  async remove(path: string): Promise<void> {
    const file = await this.#resolve(path, false);
    refuseFolder(file);
    if (file.entry === null) return;
    this.#folder(folderOf(file.path)).names.delete(nameOf(file.path));
    this.changes.push(file.path);
  }

  /** Every file and link by path, links as `-> target`: for comparing whole trees. */
  tree(): Record<string, string> {
    const found: Record<string, string> = {};
    const walk = (path: string, node: Node) => {
      if (node.kind === 'file') found[path] = node.bytes.toString('latin1');
      else if (node.kind === 'link') found[path] = `-> ${node.target}`;
      else for (const [name, child] of node.names) walk(joinPath(path, name), child);
    };
    walk('/', this.#root);
    return found;
  }

  #put(folder: Folder, path: string, node: Node): void {
    if (isDeepStrictEqual(folder.names.get(nameOf(path)), node)) return;
    folder.names.set(nameOf(path), node);
    this.changes.push(path);
  }

  async #resolve(path: string, followLast: boolean): Promise<Resolved> {
    return await resolvePath(path, async (folder, name) => this.#lookup(folder, name), followLast);
  }

  #lookup(folder: string, name: string): Found | null {
    const node = this.#node(folder);
    if (node?.kind !== 'folder') return null;
    const stored = matchingName([...node.names.keys()], name, this.#foldsCase);
    const child = stored === null ? undefined : node.names.get(stored);
    return stored === null || child === undefined ? null : { name: stored, entry: entryOf(child) };
  }

  #node(path: string): Node | undefined {
    let node: Node | undefined = this.#root;
    for (const name of path.split('/').filter((part) => part !== '')) {
      node = node?.kind === 'folder' ? node.names.get(name) : undefined;
    }
    return node;
  }

  #folder(path: string): Folder {
    const known = this.#node(path);
    if (known?.kind === 'folder') return known;
    if (known !== undefined) throw new XenferryError('GUEST_UNWRITABLE', `${path} is no folder`);
    const above = this.#folder(folderOf(path));
    const { mode, uid, gid } = above;
    const made: Node = { kind: 'folder', mode, uid, gid, names: new Map() };
    above.names.set(nameOf(path), made);
    return made;
  }
}

function nodeOf(content: MemoryContent): Node {
  if (typeof content === 'object' && 'link' in content) return { kind: 'link', target: content.link };
  return { kind: 'file', mode: 0o644, uid: 0, gid: 0, bytes: Buffer.from(content) };
}

function entryOf(node: Node): GuestEntry {
  if (node.kind === 'link') {
    const size = Buffer.byteLength(node.target);
    return { kind: 'link', size, mode: 0o777, uid: 0, gid: 0, target: node.target };
  }
  const { kind, mode, uid, gid } = node;
  return { kind, size: node.kind === 'file' ? node.bytes.length : 0, mode, uid, gid, target: null };
}

function refuseFolder({ path, entry }: Resolved): void {
  if (entry?.kind === 'folder') throw new XenferryError('GUEST_UNWRITABLE', `${path} is a folder`);
}
