import { isMap, isSeq, type Pair, parseDocument, type YAMLMap } from 'yaml';
import type { PlanMachine } from '../documents.js';
import { OVERRIDES, type Override } from './migration-edits.js';
import { faultsOf, keyOf, pairAt, type TextFault, textAt } from './migration-text.js';

export interface MappingFact {
  readonly from: string;
  readonly to: string;
}

/** What the form shows of a migration file's text. */
export interface MigrationFacts {
  readonly faults: readonly TextFault[];
  readonly networks: readonly MappingFact[];
  readonly storage: readonly MappingFact[];
  readonly waves: readonly { readonly name: string; readonly window: string | null }[];
  readonly windows: readonly string[];
  /** Of machines with anything of their own, by key. */
  readonly machines: ReadonlyMap<string, MachineFacts>;
  /** Names that the file tells of the target, for the form to offer. */
  readonly targetNetworks: readonly string[];
  readonly targetStorage: readonly string[];
}

export interface MachineFacts {
  readonly skip: boolean;
  readonly overrides: Readonly<Partial<Record<Override, string>>>;
}

/** Reads what it can; what is no YAML has faults and nothing else. */
export function migrationFacts(text: string): MigrationFacts {
  const faults = faultsOf(text);
  const contents = faults.length > 0 ? null : parseDocument(text).contents;
  const root = isMap(contents) ? contents : null;
  const target = mapOf(root, 'target');
  return {
    faults,
    networks: mappings(root, 'networks'),
    storage: mappings(root, 'storage'),
    waves: mapsIn(root, 'waves').map((wave) => ({
      name: textAt(wave, 'name') ?? '',
      window: textAt(wave, 'window'),
    })),
    windows: mapOf(root, 'windows')?.items.map(keyOf) ?? [],
    machines: new Map(mapOf(root, 'machines')?.items.map((pair) => [keyOf(pair), machineFacts(pair)])),
    targetNetworks: names(target, 'networks'),
    targetStorage: names(target, 'storage'),
  };
}

function machineFacts({ value }: Pair): MachineFacts {
  if (!isMap(value)) return { skip: false, overrides: {} };
  const overrides: Partial<Record<Override, string>> = {};
  for (const field of OVERRIDES) {
    const text = textAt(value, field);
    if (text !== null) overrides[field] = text;
  }
  return { skip: textAt(value, 'skip') === 'true', overrides };
}

function mappings(root: YAMLMap | null, key: string): MappingFact[] {
  return mapsIn(root, key).map((map) => ({ from: textAt(map, 'from') ?? '', to: textAt(map, 'to') ?? '' }));
}

function names(root: YAMLMap | null, key: string): string[] {
  return mapsIn(root, key).flatMap((map) => textAt(map, 'name') ?? []);
}

function mapsIn(root: YAMLMap | null, key: string): YAMLMap[] {
  const list = root === null ? undefined : pairAt(root, key)?.value;
  return isSeq(list) ? list.items.flatMap((item) => (isMap(item) ? [item] : [])) : [];
}

function mapOf(root: YAMLMap | null, key: string): YAMLMap | null {
  const value = root === null ? undefined : pairAt(root, key)?.value;
  return isMap(value) ? value : null;
}

/**
 * The key of each machine in the migration file, by the machine's id: the one it has there already, else its name, or
 * its id where others have the same name.
 */
export function machineKeys(
  machines: readonly Pick<PlanMachine, 'id' | 'sourceName'>[],
  { machines: known }: Pick<MigrationFacts, 'machines'>,
): ReadonlyMap<string, string> {
  const times = new Map<string, number>();
  for (const { sourceName } of machines) times.set(sourceName, (times.get(sourceName) ?? 0) + 1);
  return new Map(
    machines.map(({ id, sourceName }) => [
      id,
      known.has(id) || (times.get(sourceName) ?? 0) > 1 ? id : sourceName,
    ]),
  );
}
