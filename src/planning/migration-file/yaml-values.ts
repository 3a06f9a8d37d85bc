import { isAlias, isMap, isScalar, isSeq, type Node, type Pair } from 'yaml';
import type { FaultPath } from './fault.js';

/** Aliases can nest without end what is short in the file. */
const MAX_DEPTH = 100;
/** With those that aliases repeat. */
const MAX_VALUES = 300_000;

/** What is wrong with the text as YAML. */
export interface YamlFault {
  /** In characters from the start. */
  readonly offset: number;
  readonly message: string;
}

/** Where a key and its value begin, in characters from the start. */
interface Place {
  readonly key: number;
  readonly value: number;
}

/**
 * Turns YAML's nodes into plain values and keeps where each came from. Keys that come twice, aliases of nothing and
 * more than the bounds allow become faults.
 */
export class YamlValues {
  readonly #faults: YamlFault[] = [];
  readonly #anchors = new Map<string, Node>();
  readonly #places = new WeakMap<object, ReadonlyMap<string, Place>>();
  readonly root: unknown;
  #count = 0;

  constructor(root: Node | null) {
    this.root = this.#valueOf(root, 0);
    if (this.#count > MAX_VALUES) this.#fault(root, `more than ${MAX_VALUES} values`);
  }

  get faults(): readonly YamlFault[] {
    return this.#faults;
  }

  /** Where the value at a path begins, or its key; for what is not there, where what should have it begins. */
  offsetOf(path: FaultPath, about: 'key' | 'value'): number {
    let value = this.root;
    let place: Place = { key: 0, value: 0 };
    for (const [index, step] of path.entries()) {
      const next = isContainer(value) ? this.#places.get(value)?.get(String(step)) : undefined;
      if (next === undefined || !isContainer(value))
        return index === path.length - 1 ? place.key : place.value;
      value = Reflect.get(value, String(step));
      place = next;
    }
    return place[about];
  }

  #valueOf(node: unknown, depth: number): unknown {
    if (++this.#count > MAX_VALUES) return null;
    if (isAlias(node)) return this.#repeated(node, depth);
    if (isScalar(node)) {
      this.#remember(node);
      return node.value;
    }
    if (isSeq(node)) {
      this.#remember(node);
      return this.#list(node.items, depth);
    }
    if (isMap(node)) {
      this.#remember(node);
      return this.#mapping(node.items, depth);
    }
    return null;
  }

  #remember(node: Node & { anchor?: string }): void {
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
  }

  #repeated(alias: Node & { source: string }, depth: number): unknown {
    const node = this.#anchors.get(alias.source);
    if (node !== undefined && depth < MAX_DEPTH) return this.#valueOf(node, depth + 1);
    this.#fault(
      alias,
      node === undefined ? `nothing before it is called &${alias.source}` : 'repeats itself without end',
    );
    return null;
  }

  #list(items: readonly unknown[], depth: number): unknown[] {
    const places = new Map<string, Place>();
    const list = items.map((item, index) => {
      places.set(String(index), { key: offset(item), value: offset(item) });
      return this.#valueOf(item, depth + 1);
    });
    this.#places.set(list, places);
    return list;
  }

  #mapping(pairs: readonly Pair[], depth: number): Record<string, unknown> {
    const places = new Map<string, Place>();
    const entries = pairs.map(({ key, value }): [string, unknown] => {
      const name = isScalar(key) ? String(key.value) : '';
      if (places.has(name)) this.#fault(key, `the key ${JSON.stringify(name)} is there twice`);
      // Objects have it already, and what checks the values leaves it out.
      if (name === '__proto__') this.#fault(key, 'this name cannot be used');
      places.set(name, { key: offset(key), value: offset(value ?? key) });
      return [name, this.#valueOf(value, depth + 1)];
    });
    const mapping = Object.fromEntries(entries);
    this.#places.set(mapping, places);
    return mapping;
  }

  #fault(node: unknown, message: string): void {
    this.#faults.push({ offset: offset(node), message });
  }
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function offset(node: unknown): number {
  const located = isAlias(node) || isScalar(node) || isSeq(node) || isMap(node) ? node.range : null;
  return located?.[0] ?? 0;
}
