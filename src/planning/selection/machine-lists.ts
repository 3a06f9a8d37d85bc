import { isAbsolute, join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { XenferryError } from '../../model/errors.js';
import { MIB } from '../../model/units.js';
import type { VirtualMachine } from '../../model/virtual-machine.js';
import type { Migration } from '../migration-file/schema.js';
import { readTextFile } from '../text-file.js';

const MAX_BYTES = 16 * MIB;
const COLUMNS = ['name', 'uuid', 'id'] as const;

/** A CSV list of machines: each line names one by any of the columns `name`, `uuid` and `id`. */
export class MachineList {
  readonly file: string;
  readonly #entries: readonly string[];
  readonly #keys: ReadonlySet<string>;

  constructor(file: string, entries: readonly string[]) {
    this.file = file;
    this.#entries = entries;
    this.#keys = new Set(entries);
  }

  names(machine: VirtualMachine): boolean {
    return keysOf(machine).some((key) => this.#keys.has(key));
  }

  /** Entries that none of the machines has, as `FILE: ENTRY`. */
  unknown(known: ReadonlySet<string>): string[] {
    return this.#entries
      .filter((entry) => !known.has(entry))
      .map((entry) => `${this.file}: ${entry.slice(entry.indexOf(':') + 1)}`);
  }
}

/** How lists may name a machine. */
export function keysOf({ name, uuid, id }: VirtualMachine): string[] {
  return [`name:${name}`, `id:${id}`, ...(uuid === null ? [] : [`uuid:${uuid}`])];
}

/** All lists that a migration names, by their names in it; relative ones lie in `folder`. Rejects with CONFIG_INVALID. */
export async function loadLists(
  { select = [], exclude = [], waves = [] }: Pick<Migration, 'select' | 'exclude' | 'waves'>,
  folder: string,
): Promise<ReadonlyMap<string, MachineList>> {
  const selectors = [...select, ...exclude, ...waves.flatMap(({ machines = [] }) => machines)];
  const files = new Set(selectors.flatMap(({ list }) => list ?? []));
  const lists = new Map<string, MachineList>();
  for (const file of files)
    lists.set(file, await loadList(isAbsolute(file) ? file : join(folder, file), file));
  return lists;
}

async function loadList(path: string, file: string): Promise<MachineList> {
  const [header = [], ...rows] = tableOf(await readTextFile(path, file, MAX_BYTES), file);
  const titles = header.map((title) => title.toLowerCase());
  const columns = COLUMNS.flatMap((column) => {
    const index = titles.indexOf(column);
    return index === -1 ? [] : [{ column, index }];
  });
  if (columns.length === 0) {
    throw new XenferryError('CONFIG_INVALID', 'the first line has none of the columns name, uuid and id', {
      file,
    });
  }
  const entries = rows.flatMap((row) => {
    const found = columns.find(({ index }) => (row[index] ?? '') !== '');
    if (found === undefined) return [];
    const value = row[found.index] ?? '';
    return [`${found.column}:${found.column === 'uuid' ? value.toLowerCase() : value}`];
  });
  return new MachineList(file, [...new Set(entries)]);
}

function tableOf(text: string, file: string): string[][] {
  try {
    return parse(text, {
      delimiter: [',', ';', '\t'],
      trim: true,
      relax_column_count: true,
      skip_empty_lines: true,
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new XenferryError('CONFIG_INVALID', `not a CSV list: ${reason}`, { file, cause });
  }
}
