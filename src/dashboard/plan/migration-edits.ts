import { type Document, isMap, isScalar, type YAMLMap } from 'yaml';
import { edited, listAt, mapAt, pairAt, put, textAt } from './migration-text.js';

/** What a machine can be given of its own in the form; the rest is for the text. */
export const OVERRIDES = ['targetName', 'profile', 'network', 'storage', 'wave', 'fixups'] as const;
export type Override = (typeof OVERRIDES)[number];

export type MappingKind = 'networks' | 'storage';

/** The text with the machines left out, or taken in again. Throws a SyntaxError for no YAML, as all edits do. */
export function withSkipped(text: string, keys: readonly string[], skipped: boolean): string {
  return edited(text, (root, document) => {
    for (const key of keys) putOfMachine(root, document, key, 'skip', skipped ? true : null);
  });
}

/** The text with one thing of a machine's own set, or with null left to the rest of the file. */
export function withOverride(text: string, key: string, field: Override, value: string | null): string {
  return edited(text, (root, document) => putOfMachine(root, document, key, field, value));
}

function putOfMachine(root: YAMLMap, document: Document, key: string, field: string, value: unknown): void {
  const machines = pairAt(root, 'machines')?.value;
  if (value === null && !isMap(machines)) return;
  const all = mapAt(root, 'machines', document);
  const own = pairAt(all, key)?.value;
  if (value === null && !isMap(own)) return;
  const machine = mapAt(all, key, document);
  put(machine, field, value, document);
  if (machine.items.length === 0) put(all, key, null, document);
  if (all.items.length === 0) put(root, 'machines', null, document);
}

/**
 * The text with `from` mapped to `to`, or with null no longer by an entry of its own. A new entry comes before the first
 * pattern, because the first that fits counts.
 */
export function withMapping(text: string, kind: MappingKind, from: string, to: string | null): string {
  return edited(text, (root, document) => {
    if (to === null && pairAt(root, kind) === undefined) return;
    const list = listAt(root, kind, document);
    const maps = list.items.map((item) => (isMap(item) ? item : null));
    const found = maps.findIndex((map) => map !== null && textAt(map, 'from') === from);
    const entry = maps[found];
    if (to === null) {
      if (entry != null) list.items.splice(found, 1);
      if (list.items.length === 0) put(root, kind, null, document);
    } else if (entry != null) {
      put(entry, 'to', to, document);
    } else {
      const pattern = maps.findIndex((map) => map !== null && (textAt(map, 'from') ?? '').includes('*'));
      list.items.splice(pattern === -1 ? list.items.length : pattern, 0, document.createNode({ from, to }));
    }
  });
}

/** The text with a wave more, at the end. */
export function withWave(text: string, name: string): string {
  return edited(text, (root, document) => {
    listAt(root, 'waves', document).items.push(document.createNode({ name }));
  });
}

/** The text without that wave; machines that named it as theirs no longer do. */
export function withoutWave(text: string, name: string): string {
  return edited(text, (root, document) => {
    const waves = listAt(root, 'waves', document);
    waves.items = waves.items.filter((wave) => !(isMap(wave) && textAt(wave, 'name') === name));
    if (waves.items.length === 0) put(root, 'waves', null, document);
    const machines = pairAt(root, 'machines')?.value;
    if (!isMap(machines)) return;
    for (const { key, value } of [...machines.items]) {
      if (isMap(value) && textAt(value, 'wave') === name) {
        putOfMachine(root, document, String(isScalar(key) ? key.value : key), 'wave', null);
      }
    }
  });
}

/** The text with the wave one place earlier (-1) or later (1). */
export function withWaveMoved(text: string, name: string, by: -1 | 1): string {
  return edited(text, (root, document) => {
    const { items } = listAt(root, 'waves', document);
    const from = items.findIndex((wave) => isMap(wave) && textAt(wave, 'name') === name);
    const to = from + by;
    if (from === -1 || to < 0 || to >= items.length) return;
    const [wave] = items.splice(from, 1);
    items.splice(to, 0, wave);
  });
}

/** The text with the wave bound to a window of the file, or with null to none. */
export function withWaveWindow(text: string, name: string, window: string | null): string {
  return edited(text, (root, document) => {
    for (const wave of listAt(root, 'waves', document).items) {
      if (isMap(wave) && textAt(wave, 'name') === name) put(wave, 'window', window, document);
    }
  });
}
