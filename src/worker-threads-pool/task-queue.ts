import { queueOptionsSymbol, type TaskQueue } from 'piscina';

/** First come first served, but helpers only when nobody else waits. */
export type TaskPriority = 'normal' | 'helper';

export interface QueueOptions {
  readonly priority: TaskPriority;
}

/** A task with its queue options where Piscina looks for them. */
export function withPriority<T extends object>(task: T, priority: TaskPriority): T {
  return Object.assign(task, { [queueOptionsSymbol]: { priority } satisfies QueueOptions });
}

/**
 * Two queues in one. `pressure[0]` is the number of normal tasks that wait for a thread:
 * helpers see it from inside their thread and make room.
 */
export class PriorityTaskQueue implements TaskQueue {
  readonly pressure = new Int32Array(new SharedArrayBuffer(4));
  readonly #normal: QueuedTask[] = [];
  readonly #helpers: QueuedTask[] = [];

  get size(): number {
    return this.#normal.length + this.#helpers.length;
  }

  push(task: QueuedTask): void {
    (isHelper(task) ? this.#helpers : this.#normal).push(task);
    this.#publishPressure();
  }

  shift(): QueuedTask | null {
    const task = this.#normal.shift() ?? this.#helpers.shift() ?? null;
    this.#publishPressure();
    return task;
  }

  remove(task: QueuedTask): void {
    const queue = isHelper(task) ? this.#helpers : this.#normal;
    const index = queue.indexOf(task);
    if (index >= 0) queue.splice(index, 1);
    this.#publishPressure();
  }

  #publishPressure(): void {
    Atomics.store(this.pressure, 0, this.#normal.length);
  }
}

type QueuedTask = Parameters<TaskQueue['push']>[0];

function isHelper(task: QueuedTask): boolean {
  const options = task[queueOptionsSymbol];
  return options !== null && 'priority' in options && options.priority === 'helper';
}
