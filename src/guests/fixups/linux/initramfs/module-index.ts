/** A value of an index and its rank: of several values the lowest rank comes first. */
interface IndexValue {
  readonly value: string;
  readonly rank: number;
}

interface IndexKey {
  readonly key: string;
  readonly values: readonly IndexValue[];
}

const MAGIC = 0xb007f457;
const VERSION = 0x00020001;
const HAS_PREFIX = 0x80000000;
const HAS_VALUES = 0x40000000;
const HAS_CHILDREN = 0x20000000;

/** Far above any alias; keeps the tree's depth in bounds. */
const LONGEST_KEY = 1024;

/**
 * `modules.dep.bin` or `modules.alias.bin`, which modprobe reads instead of the text (kmod, libkmod-index.c): a prefix
 * tree, children before parents, numbers big-endian, kinds of content as flags in a node's offset.
 */
export function moduleIndex(entries: readonly { readonly key: string; readonly value: string }[]): Buffer {
  const byKey = new Map<string, IndexValue[]>();
  for (const [rank, { key, value }] of entries.entries()) {
    if (key.length > LONGEST_KEY || !/^[ -~]+$/.test(key)) continue;
    const values = byKey.get(key);
    if (values === undefined) byKey.set(key, [{ value, rank }]);
    else values.push({ value, rank });
  }
  const keys = [...byKey]
    .map(([key, values]) => ({ key, values }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const writer = new IndexWriter();
  const root = writer.node(keys, 0, keys.length, 0);
  const head = Buffer.alloc(12);
  head.writeUInt32BE(MAGIC, 0);
  head.writeUInt32BE(VERSION, 4);
  head.writeUInt32BE(root, 8);
  return Buffer.concat([head, ...writer.parts]);
}

class IndexWriter {
  readonly parts: Buffer[] = [];
  #length = 12;

  /** Writes the tree of the keys from `from` to `to`, which share `depth` characters; its offset with flags. */
  node(keys: readonly IndexKey[], from: number, to: number, depth: number): number {
    const first = keys[from]?.key ?? '';
    const last = keys[to - 1]?.key ?? '';
    let end = depth;
    while (end < first.length && first[end] === last[end]) end++;
    const prefix = first.slice(depth, end);
    const own = first.length === end ? (keys[from]?.values ?? []) : [];
    const children = this.#children(keys, own.length === 0 ? from : from + 1, to, end);
    const body: Buffer[] = [];
    let flags = 0;
    if (prefix !== '') {
      body.push(Buffer.from(`${prefix}\0`, 'latin1'));
      flags |= HAS_PREFIX;
    }
    if (children !== null) {
      body.push(children);
      flags |= HAS_CHILDREN;
    }
    if (own.length > 0) {
      body.push(uint32(own.length));
      for (const { value, rank } of own) body.push(uint32(rank), Buffer.from(`${value}\0`, 'latin1'));
      flags |= HAS_VALUES;
    }
    const offset = this.#length;
    for (const part of body) this.#length += part.length;
    this.parts.push(...body);
    return (offset | flags) >>> 0;
  }

  #children(keys: readonly IndexKey[], from: number, to: number, end: number): Buffer | null {
    if (from >= to) return null;
    const lowest = codeAt(keys[from], end);
    const highest = codeAt(keys[to - 1], end);
    const table = Buffer.alloc(2 + 4 * (highest - lowest + 1));
    table[0] = lowest;
    table[1] = highest;
    for (let start = from; start < to; ) {
      const code = codeAt(keys[start], end);
      let stop = start + 1;
      while (stop < to && codeAt(keys[stop], end) === code) stop++;
      table.writeUInt32BE(this.node(keys, start, stop, end + 1), 2 + 4 * (code - lowest));
      start = stop;
    }
    return table;
  }
}

function codeAt(entry: IndexKey | undefined, index: number): number {
  return entry?.key.charCodeAt(index) ?? 0;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
