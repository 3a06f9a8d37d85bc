import { type HiveCells, NO_CELL } from './hive-cells.js';
import { encodeName, nameHash } from './key-names.js';

/** Above what any key of a running Windows has; `Installer\Components` has some ten thousand. */
const MAX_SUBKEYS = 250_000;
/** What fits into a page, as Windows fills them. */
const LEAF_ENTRIES = 500;
/** From this minor version on lists have hashes; older ones the names' first four characters. */
const HASHED_SINCE = 5;

export interface Subkey {
  readonly name: string;
  readonly offset: number;
}

/**
 * Offsets of the keys in a list, in its order: `lf` and `lh` have 8 bytes for each, `li` 4, and `ri` 4 for each further
 * list, of which none is an `ri` again. A hive that names more than 250,000 is refused.
 */
export function readSubkeyList(cells: HiveCells, list: number): number[] {
  if (list === NO_CELL) return [];
  const found: number[] = [];
  const top = cells.cell(list, 4);
  if (top.toString('latin1', 0, 2) !== 'ri') {
    readLeaf(cells, list, found);
    return found;
  }
  for (const leaf of entriesOf(cells, list, 4)) readLeaf(cells, leaf, found);
  return found;
}

/** Makes the list that a key with these subkeys needs, sorted by the caller; its offset, `NO_CELL` for none. */
export function writeSubkeyList(cells: HiveCells, subkeys: readonly Subkey[]): number {
  if (subkeys.length === 0) return NO_CELL;
  const leaves: number[] = [];
  for (let at = 0; at < subkeys.length; at += LEAF_ENTRIES) {
    leaves.push(cells.add(leafOf(subkeys.slice(at, at + LEAF_ENTRIES), cells.minor >= HASHED_SINCE)));
  }
  const [only] = leaves;
  if (only !== undefined && leaves.length === 1) return only;
  const index = Buffer.alloc(4 + 4 * leaves.length);
  index.write('ri', 0, 'latin1');
  index.writeUInt16LE(leaves.length, 2);
  for (const [at, leaf] of leaves.entries()) index.writeUInt32LE(leaf, 4 + 4 * at);
  return cells.add(index);
}

export function removeSubkeyList(cells: HiveCells, list: number): void {
  if (list === NO_CELL) return;
  if (cells.cell(list, 4).toString('latin1', 0, 2) === 'ri') {
    for (const leaf of entriesOf(cells, list, 4)) cells.remove(leaf);
  }
  cells.remove(list);
}

function readLeaf(cells: HiveCells, list: number, found: number[]): void {
  const letters = cells.cell(list, 4).toString('latin1', 0, 2);
  if (letters !== 'lf' && letters !== 'lh' && letters !== 'li') throw cells.broken(list, 'no list of keys');
  for (const offset of entriesOf(cells, list, letters === 'li' ? 4 : 8)) found.push(offset);
  if (found.length > MAX_SUBKEYS) throw cells.broken(list, 'too many keys in a list');
}

function entriesOf(cells: HiveCells, list: number, entryBytes: number): number[] {
  const count = cells.cell(list, 4).readUInt16LE(2);
  const entries = cells.cell(list, 4 + count * entryBytes);
  return Array.from({ length: count }, (_, at) => entries.readUInt32LE(4 + at * entryBytes));
}

function leafOf(subkeys: readonly Subkey[], hashed: boolean): Buffer {
  const leaf = Buffer.alloc(4 + 8 * subkeys.length);
  leaf.write(hashed ? 'lh' : 'lf', 0, 'latin1');
  leaf.writeUInt16LE(subkeys.length, 2);
  for (const [at, { name, offset }] of subkeys.entries()) {
    leaf.writeUInt32LE(offset, 4 + 8 * at);
    if (hashed) leaf.writeUInt32LE(nameHash(name), 8 + 8 * at);
    else leaf.write(hintOf(name), 8 + 8 * at, 'latin1');
  }
  return leaf;
}

function hintOf(name: string): string {
  const { bytes, compressed } = encodeName(name);
  return compressed ? bytes.toString('latin1', 0, 4) : '';
}
