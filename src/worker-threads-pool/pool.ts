import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { BandwidthGate } from '../io/bandwidth-gate.js';
import { reviveError, XenferryError } from '../model/errors.js';
import { PriorityTaskQueue, type TaskPriority, withPriority } from './task-queue.js';
import type { TaskResult } from './task-result.js';

/** A thread that serves no task for this long ends, and its memory with it. */
const IDLE_MILLISECONDS = 2_000;
const THREAD_HEAP_MIB = 256;
/** The threads' work makes next to no garbage; V8's default would hold 8 MiB a thread for it. */
const YOUNG_HEAP_MIB = 2;

/** A kind of task: the file in `workers/` that does it, with the types of what goes in and comes out. */
export interface TaskKind<Input extends object, Output> {
  readonly worker: string;
  /** Only for the compiler: ties the types to the value. */
  readonly types?: (input: Input) => Output;
}

export interface RunOptions {
  readonly priority?: TaskPriority;
}

/**
 * The threads that do the heavy work, one task each at a time. Inputs are cloned; shared memory is shared.
 * Built on piscina, which ends and replaces threads that crash or run out of memory.
 */
export class WorkerThreadsPool {
  readonly threads: number;
  /** What the threads' conversions move waits here; open unless told otherwise. */
  readonly gate: BandwidthGate;
  readonly #queue = new PriorityTaskQueue();
  readonly #piscina: Piscina;

  /** Pools that share a `gate` have its rate together. */
  constructor(threads: number = availableParallelism(), gate: BandwidthGate = BandwidthGate.create()) {
    this.threads = threads;
    this.gate = gate;
    this.#piscina = new Piscina({
      minThreads: 0,
      maxThreads: threads,
      idleTimeout: IDLE_MILLISECONDS,
      concurrentTasksPerWorker: 1,
      taskQueue: this.#queue,
      resourceLimits: {
        maxOldGenerationSizeMb: THREAD_HEAP_MIB,
        maxYoungGenerationSizeMb: YOUNG_HEAP_MIB,
      },
    });
  }

  /** `[0]` is the number of tasks that wait for a thread, helpers not counted; shared memory. */
  get pressure(): Int32Array {
    return this.#queue.pressure;
  }

  /** Runs a task. Rejects with the error the task threw, or WORKER_CRASHED when its thread died. */
  async run<Input extends object, Output>(
    kind: TaskKind<Input, Output>,
    input: Input,
    options: RunOptions = {},
  ): Promise<Output> {
    const task = withPriority({ ...input }, options.priority ?? 'normal');
    const result: TaskResult<Output> = await this.#start(kind, task);
    if (result.ok) return result.value;
    throw reviveError(result.error);
  }

  /** Ends all threads; tasks that still run are rejected. */
  async close(): Promise<void> {
    await this.#piscina.destroy();
  }

  async #start<Input extends object, Output>(
    kind: TaskKind<Input, Output>,
    task: Input,
  ): Promise<TaskResult<Output>> {
    try {
      return await this.#piscina.run(task, { filename: workerFile(kind.worker) });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new XenferryError('WORKER_CRASHED', `a ${kind.worker} thread ended unexpectedly: ${reason}`, {
        cause,
      });
    }
  }
}

/** Threads run compiled code, also when the tests run the sources: Node 20 cannot load TypeScript. */
function workerFile(name: string): string {
  const compiled = import.meta.url.endsWith('.js') ? './workers' : '../../dist/workers';
  return new URL(`${compiled}/${name}.js`, import.meta.url).href;
}
