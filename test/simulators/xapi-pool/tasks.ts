import { timestamp } from './clock.js';
import type { Database, Row } from './database.js';
import { asFailure, XapiFailure } from './failure.js';
import { NULL_REF } from './fields.js';

export interface TaskOptions {
  /** How long a completed task can still be asked about. */
  readonly completedMs: number;
  /** How long a task may be pending before it is taken for forgotten. */
  readonly pendingMs: number;
  /** How often progress is written at most. */
  readonly progressMs: number;
}

/** From this many tasks on, the oldest completed ones go before their time. */
const TASKS_KEPT = 200;

/** A change of a task that comes late. */
interface Late {
  readonly timer: NodeJS.Timeout;
  readonly done: Promise<void>;
  readonly release: () => void;
}

const FINAL: ReadonlySet<string> = new Set(['success', 'failure', 'cancelled']);

function promised(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** The pool's tasks; a task that reached its end keeps that end. */
export class Tasks {
  private readonly started = new Map<string, number>();
  private readonly reported = new Map<string, number>();
  private readonly cancelRequests = new Set<string>();
  private readonly cancelWatchers = new Map<string, () => void>();
  private readonly owners = new Map<string, string>();
  private readonly delays = new Map<string, number>();
  private readonly late = new Set<Late>();
  private readonly database: Database;
  private readonly options: TaskOptions;

  constructor(database: Database, options: TaskOptions) {
    this.database = database;
    this.options = options;
  }

  create(label: string, description: string, host: string, subtaskOf = NULL_REF): Row {
    this.collect();
    const row = this.database.create('task', {
      name_label: label,
      name_description: description,
      created: timestamp(),
      finished: timestamp(0),
      status: 'pending',
      resident_on: host,
      progress: 0,
      type: '<none/>',
      subtask_of: subtaskOf,
    });
    this.started.set(row.ref, Date.now());
    return row;
  }

  /** Whose task it is, by the user's name. */
  give(ref: string, user: string): void {
    this.owners.set(ref, user);
  }

  ownerOf(ref: string): string | undefined {
    return this.owners.get(ref);
  }

  /** Whatever becomes of this task is written so much later, and so seen by whoever watches it. */
  delay(ref: string, milliseconds: number): void {
    this.delays.set(ref, milliseconds);
  }

  /** Whoever watches sees it no more often than the pool writes it. */
  progress(ref: string, done: number): void {
    this.write(ref, () => this.setProgress(ref, done));
  }

  private setProgress(ref: string, done: number): void {
    const row = this.database.find('task', ref);
    const now = Date.now();
    const last = this.reported.get(ref) ?? 0;
    if (row?.text('status') === 'pending' && now - last >= this.options.progressMs) {
      this.reported.set(ref, now);
      row.set({ progress: Math.min(1, done) });
    }
  }

  /** `result` is a value of XML-RPC as text. */
  succeed(ref: string, result: string): void {
    this.finish(ref, { status: 'success', result });
  }

  fail(ref: string, thrown: unknown): void {
    const failure = asFailure(thrown);
    const status = failure.code === 'TASK_CANCELLED' ? 'cancelled' : 'failure';
    this.finish(ref, { status, error_info: failure.description });
  }

  /** Whether what works for the task looks at requests to cancel it; others are left without an effect. */
  setCancellable(ref: string, cancellable: boolean): void {
    this.database.find('task', ref)?.set({ allowed_operations: cancellable ? ['cancel'] : [] });
  }

  requestCancel(ref: string): void {
    this.cancelRequests.add(ref);
    this.cancelWatchers.get(ref)?.();
  }

  /** Throws TASK_CANCELLED. */
  assertNotCancelled(ref: string): void {
    if (this.cancelRequests.has(ref)) {
      throw new XapiFailure('TASK_CANCELLED', [ref]);
    }
  }

  /** Waits; throws TASK_CANCELLED as soon as that is asked for. */
  async pause(ref: string, milliseconds: number): Promise<void> {
    this.assertNotCancelled(ref);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.cancelWatchers.set(ref, () => {
        clearTimeout(timer);
        resolve();
      });
    });
    this.cancelWatchers.delete(ref);
    this.assertNotCancelled(ref);
  }

  destroy(row: Row): void {
    this.database.destroy(row);
    this.started.delete(row.ref);
    this.reported.delete(row.ref);
    this.cancelRequests.delete(row.ref);
    this.delays.delete(row.ref);
    this.owners.delete(row.ref);
  }

  /** Waits until everything that comes late is there. */
  async settled(): Promise<void> {
    while (this.late.size > 0) {
      await Promise.all([...this.late].map(({ done }) => done));
    }
  }

  /** Forgets what would still come. */
  close(): void {
    for (const { timer, release } of this.late) {
      clearTimeout(timer);
      release();
    }
    this.late.clear();
  }

  private write(ref: string, change: () => void): void {
    const milliseconds = this.delays.get(ref);
    if (milliseconds === undefined) {
      change();
      return;
    }
    const { promise: done, resolve: release } = promised();
    const timer = setTimeout(() => {
      change();
      this.late.delete(entry);
      release();
    }, milliseconds);
    const entry: Late = { timer, done, release };
    this.late.add(entry);
  }

  private finish(ref: string, end: Readonly<Record<string, string | readonly string[]>>): void {
    this.write(ref, () => this.setEnd(ref, end));
  }

  private setEnd(ref: string, end: Readonly<Record<string, string | readonly string[]>>): void {
    const row = this.database.find('task', ref);
    if (row !== undefined && !FINAL.has(row.text('status'))) {
      row.set({ ...end, progress: 1, finished: timestamp(), allowed_operations: [] });
    }
  }

  private collect(): void {
    const now = Date.now();
    let surplus = this.database.table('task').size - TASKS_KEPT;
    for (const row of this.database.all('task')) {
      const completed = FINAL.has(row.text('status'));
      const age = now - (this.started.get(row.ref) ?? now);
      if (
        (completed && surplus > 0) ||
        age > (completed ? this.options.completedMs : this.options.pendingMs)
      ) {
        surplus -= 1;
        this.destroy(row);
      }
    }
  }
}
