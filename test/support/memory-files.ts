import { posix } from 'node:path';
import type { FileAttributes, GuestEntry, GuestFiles } from '../../src/guests/files/guest-files.js';
import { XenferryError } from '../../src/model/errors.js';

type Node = { readonly bytes: Buffer; readonly mode: number } | { readonly target: string };

/** A guest's file tree in memory; folders are where files are. Strings are written as UTF-8, `{ link }` as links. */
export class MemoryFiles implements GuestFiles {
  readonly #nodes = new Map<string, Node>();
  /** Paths that were written, linked or removed, in order. */
  readonly changes: string[] = [];

  constructor(tree: Readonly<Record<string, string | Buffer | { readonly link: string }>> = {}) {
    for (const [path, content] of Object.entries(tree)) {
      if (typeof content === 'object' && 'link' in content) this.#nodes.set(path, { target: content.link });
      else this.#nodes.set(path, { bytes: Buffer.from(content), mode: 0o644 });
    }
  }

  async entry(path: string): Promise<GuestEntry | null> {
    const place = this.#resolve(path, false);
    const node = this.#nodes.get(place);
    const owner = { uid: 0, gid: 0 };
    if (node === undefined) {
      if (!this.#isFolder(place)) return null;
      return { kind: 'folder', size: 0, mode: 0o755, target: null, ...owner };
    }
    if ('target' in node) {
      return { kind: 'link', size: node.target.length, mode: 0o777, target: node.target, ...owner };
    }
    return { kind: 'file', size: node.bytes.length, mode: node.mode, target: null, ...owner };
  }

  async list(path: string): Promise<readonly string[]> {
    const place = this.#resolve(path, true);
    const prefix = place === '/' ? '/' : `${place}/`;
    const names = [...this.#nodes.keys()]
      .filter((other) => other.startsWith(prefix))
      .map((other) => other.slice(prefix.length).split('/')[0] ?? '');
    return [...new Set(names)].sort();
  }

  async read(path: string, maxBytes: number): Promise<Buffer | null> {
    const node = this.#nodes.get(this.#resolve(path, true));
    if (node === undefined || 'target' in node) return null;
    if (node.bytes.length > maxBytes) throw new XenferryError('GUEST_UNREADABLE', `${path} is too large`);
    return Buffer.from(node.bytes);
  }

  async write(path: string, bytes: Buffer, attributes: FileAttributes = {}): Promise<void> {
    const place = this.#resolve(path, true);
    const old = this.#nodes.get(place);
    const mode = attributes.mode ?? (old !== undefined && 'mode' in old ? old.mode : 0o644);
    if (old !== undefined && 'bytes' in old && old.bytes.equals(bytes) && old.mode === mode) return;
    this.#nodes.set(place, { bytes: Buffer.from(bytes), mode });
    this.changes.push(place);
  }

  async append(path: string, bytes: Buffer): Promise<void> {
    const old = await this.read(path, Number.MAX_SAFE_INTEGER);
    if (old === null) throw new XenferryError('GUEST_UNWRITABLE', `${path} is not there`);
    await this.write(path, Buffer.concat([old, bytes]));
  }

  async link(path: string, target: string): Promise<void> {
    const place = this.#resolve(path, false);
    const old = this.#nodes.get(place);
    if (old !== undefined && 'target' in old && old.target === target) return;
    this.#nodes.set(place, { target });
    this.changes.push(place);
  }

  async remove(path: string): Promise<void> {
    const place = this.#resolve(path, false);
    if (this.#nodes.delete(place)) this.changes.push(place);
  }

  /** A file's text, or null. */
  async text(path: string): Promise<string | null> {
    return (await this.read(path, Number.MAX_SAFE_INTEGER))?.toString('utf8') ?? null;
  }

  #isFolder(place: string): boolean {
    if (place === '/') return true;
    return [...this.#nodes.keys()].some((other) => other.startsWith(`${place}/`));
  }

  #resolve(path: string, last: boolean, depth = 0): string {
    if (depth > 40) throw new XenferryError('GUEST_UNREADABLE', `${path} is a loop of links`);
    const parts = path.split('/').filter((part) => part !== '');
    let place = '/';
    for (const [index, part] of parts.entries()) {
      const here = posix.join(place, part);
      const node = this.#nodes.get(here);
      const followed = node !== undefined && 'target' in node && (last || index < parts.length - 1);
      if (!followed) {
        place = here;
        continue;
      }
      const rest = parts.slice(index + 1).join('/');
      return this.#resolve(posix.join(posix.resolve(place, node.target), rest), last, depth + 1);
    }
    return place;
  }
}
