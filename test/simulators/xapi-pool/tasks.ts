import { timestamp } from './clock.js';
import type { Database, Row } from './database.js';
import { asFailure } from './failure.js';
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

const FINAL: ReadonlySet<string> = new Set(['success', 'failure', 'cancelled']);

/** The pool's tasks; a task that reached its end keeps that end. */
export class Tasks {
  private readonly started = new Map<string, number>();
  private readonly reported = new Map<string, number>();
  private readonly cancelRequests = new Set<string>();
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

  /** Whoever watches sees it no more often than the pool writes it. */
  progress(ref: string, done: number): void {
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

  requestCancel(ref: string): void {
    this.cancelRequests.add(ref);
  }

  cancelRequested(ref: string): boolean {
    return this.cancelRequests.has(ref);
  }

  destroy(row: Row): void {
    this.database.destroy(row);
    this.started.delete(row.ref);
    this.reported.delete(row.ref);
    this.cancelRequests.delete(row.ref);
  }

  private finish(ref: string, end: Readonly<Record<string, string | readonly string[]>>): void {
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
