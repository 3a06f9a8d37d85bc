import { setTimeout as delay } from 'node:timers/promises';
import type { ImageSource } from '../images/index.js';
import { firstFailure, XenferryError } from '../model/errors.js';
import { BLOCK_BYTES } from '../model/units.js';
import type { WorkerThreadsPool } from '../worker-threads-pool/index.js';
import { BlockBoard } from './block-board.js';
import { type BlockDigest, type BlockJournal, type BlockRecords, NO_RECORDS } from './block-records.js';
import { CONVERT, type ConvertInput } from './convert-task.js';
import type { SinkSpec } from './sinks/block-sink.js';
import { unitCount } from './unit-ranks.js';

/** How often progress is looked at and told, in milliseconds: whoever writes it down does so for hundreds of disks. */
const PROGRESS_INTERVAL = 1_000;
/** How often finished blocks are made durable and noted; what a kill can cost. */
const CHECKPOINT_INTERVAL = 1_000;

/** Told once a second, whether anything moved or not, and at the end. */
export interface DiskProgress {
  /** Bytes of guest disk that hold data, as far as the metadata tells. */
  readonly totalBytes: number;
  /**
   * Of these, written, by this or an earlier run; of an upload, handed over to it: a few blocks more than were sent.
   * Less than before where an upload begins anew.
   */
  readonly doneBytes: number;
  /** Whether it waits for its turn, since the last time or still: for a thread, or for what a bandwidth cap lets through. */
  readonly waits: boolean;
}

export interface DiskConversion {
  readonly pool: WorkerThreadsPool;
  readonly source: ImageSource;
  readonly sink: SinkSpec;
  /** From `allocatedBlocks`. */
  readonly allocated: Uint8Array;
  /** Most threads to use. */
  readonly threads: number;
  readonly digest: BlockDigest;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: DiskProgress) => void) | undefined;
  readonly journal?: BlockJournal | undefined;
  /** Makes what is written so far durable; called before the journal is written. */
  readonly sync: () => Promise<void>;
}

export interface ConvertedDisk {
  /** Records of all blocks. */
  readonly records: BlockRecords;
  readonly storedUnits: number;
  /** Blocks taken over from an earlier run. */
  readonly resumedBlocks: number;
}

/**
 * Moves one disk through the threads into its sink. The caller owns the partial file and writes what stands
 * around the blocks. Rejects with the first error of a thread, or CANCELED; the journal then holds what is safe.
 */
export async function convertDisk(conversion: DiskConversion): Promise<ConvertedDisk> {
  const { allocated, journal, signal, sync, onProgress } = conversion;
  const board = BlockBoard.create(allocated.length, conversion.digest);
  const resumed = (await journal?.load()) ?? NO_RECORDS;
  settleBlocks(board, conversion.sink, allocated, resumed);

  const progress = new ProgressWatch(board, allocated);
  const checkpoint = new Checkpoint(board, resumed.unitBits.length, sync, journal);
  const threads = runThreads(conversion, board);
  const onAbort = () => board.abort();
  signal?.addEventListener('abort', onAbort);
  if (signal?.aborted === true) board.abort();
  try {
    await Promise.all([
      repeatUntil(threads, PROGRESS_INTERVAL, async () => onProgress?.(progress.read())),
      repeatUntil(threads, CHECKPOINT_INTERVAL, () => checkpoint.run()),
    ]);
  } catch (error) {
    board.abort();
    await threads;
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
  const failure = await threads;
  if (failure !== undefined || signal?.aborted === true) {
    // What cannot be noted is done again by the next run; the failure itself is what matters.
    await checkpoint.run().catch(() => {});
    throw signal?.aborted === true ? new XenferryError('CANCELED', 'the conversion was stopped') : failure;
  }
  await checkpoint.run();
  onProgress?.(progress.read());
  return { ...collect(board), resumedBlocks: resumed.unitBits.length };
}

/** Blocks that need no work: stored by an earlier run, or surely zeros. An XVA stores its ends all the same. */
function settleBlocks(board: BlockBoard, sink: SinkSpec, allocated: Uint8Array, resumed: BlockRecords): void {
  board.settleKnown(resumed);
  const lastBlock = board.blocks - 1;
  const storesEnds = sink.kind !== 'null' && sink.format.kind === 'xva';
  for (let block = resumed.unitBits.length; block < board.blocks; block++) {
    const stored = allocated[block] !== 0 || (storesEnds && (block === 0 || block === lastBlock));
    if (!stored) board.settleZeros(block);
  }
}

/** Resolves when no thread touches the output any more, with the failure if there was one. */
function runThreads(conversion: DiskConversion, board: BlockBoard): Promise<unknown> {
  const { pool, source, sink } = conversion;
  const task: Omit<ConvertInput, 'helper'> = {
    source,
    sink,
    board: board.memory,
    pressure: pool.pressure,
    gate: pool.gate.memory,
  };
  const count = Math.max(1, Math.min(conversion.threads, pool.threads, mostReaders(source)));
  const runs = Array.from({ length: count }, async (_, index) => {
    try {
      await runThread(pool, task, board, index > 0);
    } catch (error) {
      board.abort();
      throw error;
    }
  });
  return Promise.allSettled(runs).then(firstFailure);
}

function mostReaders({ location }: ImageSource): number {
  return location.kind === 'nbd'
    ? (location.connections ?? Number.POSITIVE_INFINITY)
    : Number.POSITIVE_INFINITY;
}

/** A helper that made room queues up again as long as its disk has blocks left. */
async function runThread(
  pool: WorkerThreadsPool,
  task: Omit<ConvertInput, 'helper'>,
  board: BlockBoard,
  helper: boolean,
): Promise<void> {
  do {
    await pool.run(CONVERT, { ...task, helper }, { priority: helper ? 'helper' : 'normal' });
  } while (helper && !board.exhausted && !board.aborted);
}

/** Runs `action` every so many milliseconds, the next after the last has ended, until `finished` resolves. */
async function repeatUntil(
  finished: Promise<unknown>,
  milliseconds: number,
  action: () => Promise<void>,
): Promise<void> {
  let running = true;
  const timer = new AbortController();
  const end = finished.then(() => {
    running = false;
    timer.abort();
  });
  while (running) {
    await Promise.race([end, delay(milliseconds, undefined, { signal: timer.signal }).catch(() => {})]);
    if (running) await action();
  }
}

/** Follows how far the disk has come; looks at each block once. */
class ProgressWatch {
  readonly #board: BlockBoard;
  readonly #allocated: Uint8Array;
  readonly #total: number;
  #frontier = 0;
  #done = 0;
  #waits = 0;

  constructor(board: BlockBoard, allocated: Uint8Array) {
    this.#board = board;
    this.#allocated = allocated;
    this.#total = allocated.reduce((sum, flag) => sum + flag, 0);
  }

  read(): DiskProgress {
    while (this.#frontier < this.#board.blocks && this.#board.isWritten(this.#frontier)) {
      this.#done += this.#allocated[this.#frontier] ?? 0;
      this.#frontier++;
    }
    const { waits } = this.#board;
    const isWaiting = waits === 0 || waits !== this.#waits;
    this.#waits = waits;
    return {
      totalBytes: this.#total * BLOCK_BYTES,
      doneBytes: this.#done * BLOCK_BYTES,
      waits: isWaiting,
    };
  }
}

/** Notes in the journal the blocks that are finished without a gap, after making them durable. */
class Checkpoint {
  readonly #board: BlockBoard;
  readonly #sync: () => Promise<void>;
  readonly #journal: BlockJournal | undefined;
  #noted: number;

  constructor(
    board: BlockBoard,
    noted: number,
    sync: () => Promise<void>,
    journal: BlockJournal | undefined,
  ) {
    this.#board = board;
    this.#noted = noted;
    this.#sync = sync;
    this.#journal = journal;
  }

  async run(): Promise<void> {
    if (this.#journal === undefined) return;
    let frontier = this.#noted;
    while (frontier < this.#board.blocks && this.#board.isWritten(frontier)) frontier++;
    if (frontier === this.#noted) return;
    await this.#sync();
    await this.#journal.append(this.#noted, this.#board.records(this.#noted, frontier));
    this.#noted = frontier;
  }
}

function collect(board: BlockBoard): { records: BlockRecords; storedUnits: number } {
  const records = board.intoRecords();
  let storedUnits = 0;
  for (const bits of records.unitBits) if (bits !== 0) storedUnits += unitCount(bits);
  return { records, storedUnits };
}
