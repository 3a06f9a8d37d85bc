import { HiveCells, NO_CELL } from './hive-cells.js';
import { COMPRESSED_KEY, decodeName, encodeName, folded } from './key-names.js';
import { type RegistryChange, shownValue } from './registry-change.js';
import { readSubkeyList, removeSubkeyList, type Subkey, writeSubkeyList } from './subkey-list.js';
import {
  asDword,
  asString,
  asStrings,
  dwordData,
  multiData,
  REG_BINARY,
  REG_EXPAND_SZ,
  REG_SZ,
  stringData,
  type ValueData,
} from './value-data.js';
import { ValueList } from './value-list.js';

const KEY_BYTES = 76;
/** Keys in each other; Windows takes 512 (registry element size limits). */
const MAX_DEPTH = 512;
/** Keys that are removed together; far above any that is removed here. */
const MAX_REMOVED = 100_000;

/**
 * A registry hive in memory. Paths have backslashes, begin below the root and are found in any letter case.
 * Everything throws GUEST_UNREADABLE with the offset where the hive is damaged.
 */
export class Hive {
  readonly #cells: HiveCells;
  readonly #changes: RegistryChange[] = [];
  readonly root: HiveKey;

  /** Takes the bytes over. `file`: the hive's path, for messages. */
  constructor(bytes: Buffer, file: string) {
    this.#cells = new HiveCells(bytes, file);
    this.root = new HiveKey(this.#cells, this.#cells.rootOffset, '', this.#changes);
  }

  key(path: string): HiveKey | null {
    return this.root.key(path);
  }

  /** What was changed since it was opened, in order; keys begin below the root. */
  get changes(): readonly RegistryChange[] {
    return this.#changes;
  }

  /** Whether anything differs from what was opened. */
  get changed(): boolean {
    return this.#cells.changed;
  }

  /** The whole hive as a file. */
  toBytes(): Buffer {
    return this.#cells.toBytes();
  }
}

/** A key; it stays good while others are changed, until it is removed itself. */
export class HiveKey {
  readonly #cells: HiveCells;
  readonly #offset: number;
  /** Below the root. */
  readonly #path: string;
  readonly #changes: RegistryChange[];
  readonly name: string;

  /** `changes`: where what is changed is written down. */
  constructor(cells: HiveCells, offset: number, path: string, changes: RegistryChange[]) {
    this.#cells = cells;
    this.#offset = offset;
    this.#path = path;
    this.#changes = changes;
    this.name = nameOf(cells, offset);
  }

  /** Null where there is none. */
  key(path: string): HiveKey | null {
    let offset: number | null = this.#offset;
    for (const name of namesOf(path)) {
      if (offset === null) return null;
      offset = childOf(this.#cells, offset, name);
    }
    return offset === null ? null : this.#below(path, offset);
  }

  /** The key, made with those above it where it is missing; new keys have the rights of what they are made in. */
  makeKey(path: string): HiveKey {
    let offset = this.#offset;
    let made = this.#path;
    for (const name of namesOf(path)) {
      made = joined(made, name);
      const known = childOf(this.#cells, offset, name);
      if (known === null) this.#changes.push({ key: made, value: null, before: null, after: 'made' });
      offset = known ?? addChild(this.#cells, offset, name);
    }
    return this.#below(path, offset);
  }

  subkeys(): HiveKey[] {
    return childrenOf(this.#cells, this.#offset).map((offset) =>
      this.#below(nameOf(this.#cells, offset), offset),
    );
  }

  /** The key, its values and all keys in it; false where there is none. */
  removeKey(path: string): boolean {
    const names = namesOf(path);
    const name = names.pop();
    const above = names.length === 0 ? this : this.key(names.join('\\'));
    if (name === undefined || above === null) return false;
    const offset = childOf(this.#cells, above.#offset, name);
    if (offset === null) return false;
    const others = sortedChildren(this.#cells, above.#offset).filter((child) => child.offset !== offset);
    replaceChildren(this.#cells, above.#offset, others);
    removeTree(this.#cells, offset);
    this.#changes.push({ key: joined(above.#path, name), value: null, before: 'there', after: null });
    return true;
  }

  valueNames(): string[] {
    return this.#values.names();
  }

  /** Null where there is none; an empty name is the key's default value. */
  value(name: string): ValueData | null {
    return this.#values.read(name);
  }

  /** Null where there is none, or it is of another type. */
  dword(name: string): number | null {
    const value = this.value(name);
    return value === null ? null : asDword(value);
  }

  string(name: string): string | null {
    const value = this.value(name);
    return value === null ? null : asString(value);
  }

  strings(name: string): readonly string[] | null {
    const value = this.value(name);
    return value === null ? null : asStrings(value);
  }

  /** Whether the value was another one; what is there already is not written again. So are the following. */
  setDword(name: string, value: number): boolean {
    return this.#write(name, dwordData(value));
  }

  setString(name: string, text: string): boolean {
    return this.#write(name, stringData(text, REG_SZ));
  }

  /** With variables like `%SystemRoot%`. */
  setExpand(name: string, text: string): boolean {
    return this.#write(name, stringData(text, REG_EXPAND_SZ));
  }

  setMulti(name: string, texts: readonly string[]): boolean {
    return this.#write(name, multiData(texts));
  }

  setBinary(name: string, data: Buffer): boolean {
    return this.#write(name, { type: REG_BINARY, data });
  }

  removeValue(name: string): boolean {
    const before = shownValue(this.value(name));
    const removed = this.#values.remove(name);
    if (removed) this.#changes.push({ key: this.#path, value: name, before, after: null });
    return removed;
  }

  #write(name: string, data: ValueData): boolean {
    const before = shownValue(this.value(name));
    const written = this.#values.write(name, data);
    if (written) this.#changes.push({ key: this.#path, value: name, before, after: shownValue(data) });
    return written;
  }

  #below(path: string, offset: number): HiveKey {
    return new HiveKey(this.#cells, offset, joined(this.#path, path), this.#changes);
  }

  get #values(): ValueList {
    return new ValueList(this.#cells, this.#offset);
  }
}

function joined(above: string, path: string): string {
  return [above, ...namesOf(path)].filter((name) => name !== '').join('\\');
}

function namesOf(path: string): string[] {
  const names = path.split('\\').filter((name) => name !== '');
  if (names.length > MAX_DEPTH) throw new RangeError('a key so deep cannot be');
  return names;
}

function keyRecord(cells: HiveCells, offset: number): Buffer {
  return cells.record(offset, 'nk', KEY_BYTES);
}

function nameOf(cells: HiveCells, offset: number): string {
  const key = keyRecord(cells, offset);
  const length = key.readUInt16LE(72);
  if (KEY_BYTES + length > key.length) throw cells.broken(offset, 'the name of a key is too long');
  return decodeName(
    key.subarray(KEY_BYTES, KEY_BYTES + length),
    (key.readUInt16LE(2) & COMPRESSED_KEY) !== 0,
  );
}

function childrenOf(cells: HiveCells, offset: number): number[] {
  const key = keyRecord(cells, offset);
  return key.readUInt32LE(20) === 0 ? [] : readSubkeyList(cells, key.readUInt32LE(28));
}

function childOf(cells: HiveCells, offset: number, name: string): number | null {
  const wanted = folded(name);
  return childrenOf(cells, offset).find((child) => folded(nameOf(cells, child)) === wanted) ?? null;
}

function sortedChildren(cells: HiveCells, offset: number): Subkey[] {
  return sorted(childrenOf(cells, offset).map((child) => ({ name: nameOf(cells, child), offset: child })));
}

function sorted(children: readonly Subkey[]): Subkey[] {
  return children
    .map((child) => ({ child, key: folded(child.name) }))
    .sort((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)))
    .map(({ child }) => child);
}

function replaceChildren(cells: HiveCells, offset: number, children: readonly Subkey[]): void {
  const old = keyRecord(cells, offset);
  if (old.readUInt32LE(20) > 0) removeSubkeyList(cells, old.readUInt32LE(28));
  const list = writeSubkeyList(cells, children);
  const key = keyRecord(cells, offset);
  key.writeUInt32LE(children.length, 20);
  key.writeUInt32LE(list, 28);
  for (const { name } of children) key.writeUInt16LE(Math.max(key.readUInt16LE(52), 2 * name.length), 52);
  cells.touch();
}

/** Flags, time and rights are those of the key above, which Windows gives new keys as well but for the time. */
function addChild(cells: HiveCells, parent: number, name: string): number {
  const { bytes, compressed } = encodeName(name);
  const above = keyRecord(cells, parent);
  const rights = above.readUInt32LE(44);
  const key = Buffer.alloc(KEY_BYTES + bytes.length);
  key.write('nk', 0, 'latin1');
  key.writeUInt16LE(compressed ? COMPRESSED_KEY : 0, 2);
  above.copy(key, 4, 4, 12);
  key.writeUInt32LE(parent, 16);
  for (const list of [28, 32, 40, 48]) key.writeUInt32LE(NO_CELL, list);
  key.writeUInt32LE(rights, 44);
  key.writeUInt16LE(bytes.length, 72);
  bytes.copy(key, KEY_BYTES);
  const holders = cells.record(rights, 'sk', 20);
  holders.writeUInt32LE(holders.readUInt32LE(12) + 1, 12);
  const offset = cells.add(key);
  replaceChildren(cells, parent, sorted([...sortedChildren(cells, parent), { name, offset }]));
  return offset;
}

function removeTree(cells: HiveCells, top: number): void {
  const open = [top];
  for (let count = 0; ; count += 1) {
    const offset = open.pop();
    if (offset === undefined) return;
    if (count + open.length > MAX_REMOVED)
      throw cells.broken(offset, 'too many keys in a key that is removed');
    for (const child of childrenOf(cells, offset)) open.push(child);
    new ValueList(cells, offset).removeAll();
    const key = keyRecord(cells, offset);
    if (key.readUInt32LE(20) > 0) removeSubkeyList(cells, key.readUInt32LE(28));
    if (key.readUInt32LE(48) !== NO_CELL && key.readUInt16LE(74) > 0) cells.remove(key.readUInt32LE(48));
    releaseRights(cells, key.readUInt32LE(44));
    cells.remove(offset);
  }
}

/** Rights that no key has any more leave the ring in which all of them are. */
function releaseRights(cells: HiveCells, offset: number): void {
  const rights = cells.record(offset, 'sk', 20);
  const holders = rights.readUInt32LE(12);
  if (holders > 1) {
    rights.writeUInt32LE(holders - 1, 12);
    return;
  }
  const [next, previous] = [rights.readUInt32LE(4), rights.readUInt32LE(8)];
  cells.record(previous, 'sk', 20).writeUInt32LE(next, 4);
  cells.record(next, 'sk', 20).writeUInt32LE(previous, 8);
  cells.remove(offset);
}
