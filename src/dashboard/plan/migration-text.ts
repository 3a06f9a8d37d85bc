import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  YAMLMap,
  YAMLSeq,
} from 'yaml';

/** Texts longer than this are edited as text alone. */
const LONGEST = 2_000_000;

export interface TextFault {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** Where the text is no YAML; empty when it is. */
export function faultsOf(text: string): readonly TextFault[] {
  if (text.length > LONGEST) return [{ line: 1, message: 'too long to be edited here' }];
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const faults = document.errors.map(({ pos, message }) => ({ line: lines.linePos(pos[0]).line, message }));
  if (faults.length > 0 || document.contents === null || isMap(document.contents)) return faults;
  return [{ line: 1, message: 'a migration file begins with a name and a colon, such as "version: 1"' }];
}

/** The text with `change` made to it; comments and all that is not changed stay. Throws a SyntaxError for no YAML. */
export function edited(text: string, change: (root: YAMLMap, document: Document) => void): string {
  const fault = faultsOf(text)[0];
  if (fault !== undefined) throw new SyntaxError(`line ${fault.line}: ${fault.message}`);
  const document: Document = parseDocument(text);
  if (!isMap(document.contents)) document.contents = new YAMLMap(document.schema);
  const root = document.contents;
  if (isMap(root)) change(root, document);
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

/** The map at `key`, made where there is none. */
export function mapAt(map: YAMLMap, key: string, document: Document): YAMLMap {
  const found = pairAt(map, key);
  if (isMap(found?.value)) return found.value;
  const made = new YAMLMap(document.schema);
  put(map, key, made, document);
  return made;
}

/** The list at `key`, made where there is none. */
export function listAt(map: YAMLMap, key: string, document: Document): YAMLSeq {
  const found = pairAt(map, key);
  if (isSeq(found?.value)) return found.value;
  const made = new YAMLSeq(document.schema);
  put(map, key, made, document);
  return made;
}

/** Sets it, or with null takes it out. */
export function put(map: YAMLMap, key: string, value: unknown, document: Document): void {
  const found = pairAt(map, key);
  if (value === null) {
    if (found !== undefined) map.items.splice(map.items.indexOf(found), 1);
  } else if (found === undefined) {
    map.add(document.createPair(key, value));
  } else if (isScalar(found.value) && typeof value !== 'object') {
    found.value.value = value;
  } else {
    found.value = document.createNode(value);
  }
}

/** By the key as the migration file's reader understands it: `12` and `"12"` are the same. */
export function pairAt(map: YAMLMap, key: string): Pair | undefined {
  return map.items.find((pair) => keyOf(pair) === key);
}

export function keyOf({ key }: Pair): string {
  return String(isScalar(key) ? key.value : key);
}

/** The text at `key`; null where there is none. */
export function textAt(map: YAMLMap, key: string): string | null {
  const value = pairAt(map, key)?.value;
  return isScalar(value) && value.value !== null && value.value !== undefined ? String(value.value) : null;
}
