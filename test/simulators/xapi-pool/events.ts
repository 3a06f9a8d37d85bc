import { timestamp } from './clock.js';
import type { Database, Row } from './database.js';
import { XapiFailure } from './failure.js';
import { CLASSES } from './model/classes.js';
import type { Value } from './model/model-types.js';

/** What somebody watches: classes by name in lower case, objects by class and ref. */
interface Subscription {
  readonly all: boolean;
  readonly classes: ReadonlySet<string>;
  readonly objects: ReadonlyMap<string, ReadonlySet<string>>;
}

const BY_LOWER_CASE = new Map([...CLASSES.keys()].map((name) => [name.toLowerCase(), name]));

/** Changes that come close after one another are told together. */
const SETTLE_MS = 20;

function subscription(classes: readonly string[]): Subscription {
  const whole = new Set<string>();
  const objects = new Map<string, Set<string>>();
  for (const text of classes) {
    const [name = '', ref, ...rest] = text.split('/');
    const lower = name.toLowerCase();
    if (rest.length > 0) {
      throw new XapiFailure('EVENT_SUBSCRIPTION_PARSE_FAILURE', [text]);
    }
    if (ref === undefined) {
      whole.add(lower);
    } else {
      const refs = objects.get(lower) ?? new Set();
      objects.set(lower, refs.add(ref));
    }
  }
  return { all: whole.has('*'), classes: whole, objects };
}

function tokenTime(token: string): number {
  const parts = token === '' ? ['', '0', '0'] : /^(\d{1,20}),(\d{1,20})$/.exec(token);
  if (parts === null) {
    throw new XapiFailure('EVENT_FROM_TOKEN_PARSE_FAILURE', [token]);
  }
  return Number(parts[2]);
}

function watched(database: Database, watch: Subscription): readonly Row[] {
  if (watch.all) {
    return [...CLASSES.keys()].flatMap((name) => database.all(name));
  }
  const whole = [...watch.classes].flatMap((name) => database.all(BY_LOWER_CASE.get(name) ?? name));
  const single = [...watch.objects].flatMap(([name, refs]) =>
    [...refs].flatMap((ref) => database.find(BY_LOWER_CASE.get(name) ?? name, ref) ?? []),
  );
  return [...whole, ...single];
}

function changesSince(database: Database, watch: Subscription, since: number): readonly Value[] {
  const at = timestamp();
  const event = (id: number, operation: string, className: string, ref: string): Record<string, Value> => ({
    id,
    timestamp: at,
    class: className,
    operation,
    ref,
  });
  const gone = database.deletions
    .filter(({ className, ref, created, deleted }) => {
      const lower = className.toLowerCase();
      const wanted = watch.all || watch.classes.has(lower) || watch.objects.get(lower)?.has(ref) === true;
      return wanted && deleted > since && created <= since;
    })
    .map(({ className, ref, deleted }) => event(deleted, 'del', className, ref));
  const changed = watched(database, watch)
    .filter((row) => row.modified > since)
    .sort((a, b) => a.modified - b.modified)
    .map((row) => ({
      ...event(row.modified, row.created > since ? 'add' : 'mod', row.className, row.ref),
      snapshot: row.values,
    }));
  return [...gone, ...changed];
}

/** Waits for a change, at most until the time is over. */
async function changed(database: Database, milliseconds: number): Promise<void> {
  await new Promise<void>((resolve) => {
    let settling: NodeJS.Timeout | undefined;
    const stop = database.watch(() => {
      settling ??= setTimeout(done, SETTLE_MS);
    });
    const timer = setTimeout(done, milliseconds);
    // Whoever waits for nothing to happen does not keep a program from ending.
    timer.unref();
    function done(): void {
      clearTimeout(timer);
      clearTimeout(settling);
      stop();
      resolve();
    }
  });
}

export interface Watch {
  readonly classes: readonly string[];
  readonly token: string;
  readonly timeoutSeconds: number;
  /** Throws when whoever waits may wait no longer. */
  readonly assertAllowed: () => void;
}

/** What changed since the token; waits for something to change if nothing did. */
export async function eventsFrom(database: Database, watch: Watch): Promise<Value> {
  const wanted = subscription(watch.classes);
  const since = tokenTime(watch.token);
  const end = Date.now() + watch.timeoutSeconds * 1000;
  for (;;) {
    watch.assertAllowed();
    const generation = database.generation;
    const events = changesSince(database, wanted, since);
    const left = end - Date.now();
    if (events.length > 0 || left <= 0) {
      return { events, valid_ref_counts: refCounts(database), token: tokenText(generation) };
    }
    await changed(database, left);
  }
}

/** Tells watchers of an object as if it had changed; the token of the time before. Throws HANDLE_INVALID. */
export function inject(database: Database, className: string, ref: string): string {
  const before = database.generation;
  const name = BY_LOWER_CASE.get(className.toLowerCase()) ?? className;
  database.touch(database.get(name, ref));
  return tokenText(before);
}

function refCounts(database: Database): Value {
  const counts = [...CLASSES.keys()].map((name) => [name.toLowerCase(), database.table(name).size] as const);
  return Object.fromEntries(counts);
}

function tokenText(generation: number): string {
  const digits = (count: number): string => String(count).padStart(20, '0');
  return `${digits(0)},${digits(generation)}`;
}
