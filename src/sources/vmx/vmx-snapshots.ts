import type { Snapshot } from '../../model/virtual-machine.js';
import { amountOf, countOf, textOf } from './settings-values.js';
import type { VmxSettings } from './vmx-parser.js';

/** VMware ends at 496 snapshots of a machine. */
const MAX_SNAPSHOTS = 1024;

/** Microseconds of the last instant that ISO 8601 writes with four digits of a year. */
const LAST_INSTANT = Date.UTC(9999, 11, 31) * 1000;

export interface ListedSnapshot extends Omit<Snapshot, 'withMemory'> {
  /** Of the snapshot's state; empty when none is named. */
  readonly stateFile: string;
}

export interface ListedSnapshots {
  /** Oldest first. */
  readonly snapshots: readonly ListedSnapshot[];
  readonly flaws: readonly string[];
}

interface Entry {
  readonly key: string;
  readonly uid: number;
  readonly parent: number | null;
  /** Microseconds since 1970; null when it is not told. */
  readonly created: number | null;
}

/** Not before its parent, whatever the host's clock said. */
interface Age {
  readonly created: number;
  readonly depth: number;
}

/**
 * The snapshots of a .vmsd: `snapshotN.uid`, `.displayName`, `.parent`, `.filename`, and the time of creation in two
 * 32-bit halves of the microseconds since 1970.
 */
export function vmsdSnapshots(settings: VmxSettings): ListedSnapshots {
  const keys = entryKeys(settings);
  const entries = keys.slice(0, MAX_SNAPSHOTS).map((key) => readEntry(settings, key));
  const ages = new Ages(entries);
  const sorted = entries
    .map((entry) => ({ entry, age: ages.of(entry) }))
    .sort((a, b) => a.age.created - b.age.created || a.age.depth - b.age.depth || a.entry.uid - b.entry.uid);
  return {
    snapshots: sorted.map(({ entry: { key, uid, created } }) => ({
      name: textOf(settings, `${key}.displayName`) ?? `Snapshot ${uid}`,
      createdAt: created === null ? null : new Date(Math.floor(created / 1000)).toISOString(),
      stateFile: textOf(settings, `${key}.filename`) ?? '',
    })),
    flaws: [...countFlaws(settings, keys.length), ...ages.flaws()],
  };
}

function entryKeys(settings: VmxSettings): readonly string[] {
  const numbers = [...settings.keys()].flatMap(
    (key) => /^snapshot(\d{1,6})\.(?:uid|displayname|filename)$/.exec(key)?.[1] ?? [],
  );
  return [...new Set(numbers)].sort((a, b) => Number(a) - Number(b)).map((number) => `snapshot${number}`);
}

function readEntry(settings: VmxSettings, key: string): Entry {
  return {
    key,
    uid: countOf(settings, `${key}.uid`) ?? Number(key.slice('snapshot'.length)),
    parent: countOf(settings, `${key}.parent`),
    created: microseconds(settings, key),
  };
}

/** The low half is written as a signed number. */
function microseconds(settings: VmxSettings, key: string): number | null {
  const [high, low] = ['createTimeHigh', 'createTimeLow'].map((half) => {
    const text = textOf(settings, `${key}.${half}`) ?? '';
    return /^-?\d{1,10}$/.test(text) ? Number(text) : null;
  });
  if (typeof high !== 'number' || typeof low !== 'number' || high < 0) return null;
  const time = high * 2 ** 32 + (low >>> 0);
  return time > 0 && time < LAST_INSTANT ? time : null;
}

function countFlaws(settings: VmxSettings, found: number): readonly string[] {
  const flaws: string[] = [];
  const key = 'snapshot.numSnapshots';
  if (textOf(settings, key) !== null && amountOf(settings, key) !== found) {
    flaws.push(`it announces another number of snapshots than the ${found} that it describes`);
  }
  if (found > MAX_SNAPSHOTS) flaws.push(`only the first ${MAX_SNAPSHOTS} of ${found} snapshots are read`);
  return flaws;
}

/** Ages along the lines of parents, each worked out once. */
class Ages {
  readonly #byUid: ReadonlyMap<number, Entry>;
  readonly #known = new Map<Entry, Age>();
  #circle = false;

  constructor(entries: readonly Entry[]) {
    this.#byUid = new Map(entries.map((entry) => [entry.uid, entry]));
  }

  of(entry: Entry): Age {
    const line: Entry[] = [];
    const seen = new Set<Entry>();
    let ancestor: Entry | undefined = entry;
    while (ancestor !== undefined && !this.#known.has(ancestor)) {
      if (seen.has(ancestor)) {
        this.#circle = true;
        break;
      }
      seen.add(ancestor);
      line.push(ancestor);
      ancestor = ancestor.parent === null ? undefined : this.#byUid.get(ancestor.parent);
    }
    let age = (ancestor && this.#known.get(ancestor)) ?? { created: 0, depth: 0 };
    for (const member of line.reverse()) {
      age = { created: Math.max(member.created ?? 0, age.created), depth: age.depth + 1 };
      this.#known.set(member, age);
    }
    return age;
  }

  flaws(): readonly string[] {
    return this.#circle ? ['the parents of its snapshots go in a circle'] : [];
  }
}
