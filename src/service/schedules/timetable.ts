import { isMap, parseDocument } from 'yaml';
import type { ScheduleBook, ScheduleRecord } from '../../ledger/index.js';
import { describeError, toXenferryError } from '../../model/errors.js';
import type { AllowedPaths } from '../allowed-paths.js';
import type { BatchOffice } from '../batch-office.js';
import { isDue, type ScheduleSpec, specOf } from './schedule-spec.js';
import { type Arrival, lookInto } from './watched-folder.js';

const TICK_MS = 10_000;
/** Of those that are not complete, as many are named. */
const MAX_NAMED = 5;

export interface TimetableOptions {
  readonly book: ScheduleBook;
  readonly office: BatchOffice;
  readonly paths: AllowedPaths;
  /** Told of what no schedule can say. */
  readonly onError: (error: unknown) => void;
}

/** What came of a schedule's time. */
interface Outcome {
  /** One sentence. */
  readonly result: string;
  /** Where it changed. */
  readonly spec?: ScheduleSpec;
}

/** Has batches begin at their times. A schedule whose times passed while nobody looked runs once. */
export class Timetable {
  readonly #options: TimetableOptions;
  #timer: NodeJS.Timeout | null = null;
  #ticking: Promise<void> = Promise.resolve();

  constructor(options: TimetableOptions) {
    this.#options = options;
  }

  start(): void {
    const tick = () => {
      this.#ticking = this.#ticking.then(() => this.tick(Date.now())).catch(this.#options.onError);
    };
    tick();
    this.#timer = setInterval(tick, TICK_MS);
  }

  async end(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#ticking;
  }

  /** Runs what is due at `now`, milliseconds since 1970. */
  async tick(now: number): Promise<void> {
    const { book } = this.#options;
    for (const record of await book.list()) {
      if (!isDue(record, now)) continue;
      const { result, spec } = await this.#run(record, now);
      await book.noteRun(record.id, now, result, spec === undefined ? undefined : JSON.stringify(spec));
    }
  }

  async #run(record: ScheduleRecord, now: number): Promise<Outcome> {
    const spec = specOf(record);
    try {
      if (spec.folder !== null) return await this.#runArrivals(record.name, spec, spec.folder, now);
      return { result: await this.#runBatch(record.name, spec.migration) };
    } catch (error) {
      const known = toXenferryError(error);
      return { result: `${describeError(known)} (${known.code})` };
    }
  }

  async #runArrivals(name: string, spec: ScheduleSpec, folder: string, now: number): Promise<Outcome> {
    await this.#options.paths.admit(folder);
    const known = new Map(Object.entries(spec.taken));
    const { complete, unfinished, present } = await lookInto(folder, known, spec.quietSeconds, now);
    const waiting =
      unfinished.length === 0 ? '' : `; not complete: ${unfinished.slice(0, MAX_NAMED).join('; ')}`;
    if (complete.length === 0) return { result: `nothing new${waiting}` };
    const minute = new Date(now).toISOString().slice(0, 16).replace('T', ' ');
    const begun = await this.#runBatch(`${name} ${minute}`, withSources(spec.migration, complete));
    // What is there no more is forgotten: it may come again.
    const kept = [...known].filter(([path]) => present.has(path));
    const taken = Object.fromEntries([...kept, ...complete.map(({ path, version }) => [path, version])]);
    return { result: `${begun}${waiting}`, spec: { ...spec, taken } };
  }

  async #runBatch(name: string, migration: string): Promise<string> {
    const { office } = this.#options;
    const id = await office.file(name, migration);
    await office.start(id, `schedule ${name}`, false);
    return `began batch ${id}`;
  }
}

/** The migration with other sources; a text that is none stays as it is, for planning to say so. */
function withSources(migration: string, arrivals: readonly Arrival[]): string {
  const document = parseDocument(migration);
  if (document.errors.length > 0 || !isMap(document.contents)) return migration;
  document.set(
    'sources',
    arrivals.map(({ path }) => ({ path })),
  );
  return document.toString({ lineWidth: 0 });
}
