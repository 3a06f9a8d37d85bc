import { XenferryError } from '../../model/errors.js';
import { formatBytes } from '../../model/format.js';
import { MIB } from '../../model/units.js';
import { readTextFile } from '../text-file.js';
import { type Fault, pathText } from './fault.js';
import { readYaml, type YamlText } from './read-yaml.js';
import { referenceFaults } from './references.js';
import { MIGRATION_SCHEMA, type Migration } from './schema.js';
import { schemaFaults } from './schema-faults.js';

const MAX_BYTES = MIB;
/** Nobody mends more at a time. */
const MAX_FAULTS = 200;

/** What a fault is about, in characters from the start, and one line about it. */
interface PlacedFault {
  readonly offset: number;
  readonly line: string;
}

/**
 * Reads a migration file, YAML or JSON. `profileIds`, where given, are the profiles that it may name. Throws
 * CONFIG_INVALID with a line for everything that is wrong: `FILE:LINE:COLUMN: PATH: REASON`, as the file has it.
 */
export async function loadMigration(
  path: string,
  profileIds: readonly string[] | null = null,
): Promise<Migration> {
  return parseMigration(await readTextFile(path, path, MAX_BYTES), path, profileIds);
}

/** As `loadMigration` does, a text that is there already; `path` stands for it in errors. */
export function parseMigration(
  content: string,
  path: string,
  profileIds: readonly string[] | null = null,
): Migration {
  if (Buffer.byteLength(content) > MAX_BYTES) {
    throw new XenferryError('CONFIG_INVALID', `larger than ${formatBytes(MAX_BYTES)}`, { file: path });
  }
  const text = readYaml(content);
  const faults = [...yamlFaults(text), ...contentFaults(text, profileIds)].sort(
    (a, b) => a.offset - b.offset,
  );
  if (faults.length === 0) return MIGRATION_SCHEMA.parse(text.value);
  const lines = faults.slice(0, MAX_FAULTS).map(({ offset, line }) => {
    const { line: number, column } = text.positionAt(offset);
    return `${path}:${number}:${column}: ${line}`;
  });
  if (faults.length > MAX_FAULTS) lines.push(`${path}: and more`);
  throw new XenferryError('CONFIG_INVALID', lines.join('\n'), {
    hint: 'Correct the migration file and run the same command again; docs/migration-file.md has examples.',
  });
}

function yamlFaults({ faults }: YamlText): PlacedFault[] {
  return faults.map(({ offset, message }) => ({ offset, line: message }));
}

/** What a broken text lacks may only have been misread. */
function contentFaults(text: YamlText, profileIds: readonly string[] | null): PlacedFault[] {
  if (text.broken) return [];
  if (text.value === null) return [{ offset: 0, line: 'the file is empty; it begins with `version: 1`' }];
  const faults: PlacedFault[] = [];
  for (const fault of found(text.value, profileIds)) {
    // Enough to see that there are more; a hostile file has a million.
    if (faults.length > MAX_FAULTS) break;
    const place = pathText(fault.path);
    faults.push({
      offset: text.offsetOf(fault.path, fault.about),
      line: place === '' ? fault.message : `${place}: ${fault.message}`,
    });
  }
  return faults;
}

function* found(value: unknown, profileIds: readonly string[] | null): Generator<Fault> {
  yield* schemaFaults(MIGRATION_SCHEMA, value);
  yield* referenceFaults(value, profileIds);
}
