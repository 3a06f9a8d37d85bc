import { readDisk } from '../disk-image/index.js';
import { type ImageSource, openImage } from '../images/index.js';
import { BandwidthGate } from '../io/bandwidth-gate.js';
import { firstFailure } from '../model/errors.js';
import { BLOCK_BYTES } from '../model/units.js';
import type { TaskKind } from '../worker-threads-pool/index.js';
import { BlockBoard } from './block-board.js';
import { type BlockKernels, loadBlockKernels } from './block-kernels.js';
import { sha256Of } from './checksums.js';

import { allocateLane, type LaneBuffers, laneMemory } from './lane-buffers.js';
import type { BlockSink, SinkSpec } from './sinks/block-sink.js';
import { openSink } from './sinks/open-sink.js';
import { UnitRanks } from './unit-ranks.js';

/**
 * Blocks a thread has in flight: while one is inflated, others are read and written.
 * Measured on streamOptimized: three hide the I/O of a warm disk, more only cost memory.
 */
const LANES = 3;

export interface ConvertInput {
  readonly source: ImageSource;
  readonly sink: SinkSpec;
  /** Memory of the disk's BlockBoard. */
  readonly board: SharedArrayBuffer;
  /** `[0] > 0`: tasks wait for a thread. A helper then makes room. */
  readonly pressure: Int32Array;
  /** Memory of the BandwidthGate that every block passes. */
  readonly gate: SharedArrayBuffer;
  readonly helper: boolean;
}

/** Takes blocks of one disk until none is left; several threads may work on the same disk. */
export const CONVERT: TaskKind<ConvertInput, void> = { worker: 'convert' };

interface ThreadContext {
  readonly gate: BandwidthGate;
  readonly read: (block: number, buffers: LaneBuffers) => Promise<void>;
  readonly sink: BlockSink;
  readonly board: BlockBoard;
  readonly ranks: UnitRanks;
  readonly kernels: BlockKernels;
  /** Whether the thread should take another block. */
  readonly goOn: () => boolean;
}

/** What lives as long as the thread: anew for each disk it would double the memory until the next collection. */
interface ThreadMemory {
  readonly kernels: BlockKernels;
  readonly lanes: readonly LaneBuffers[];
}

let threadMemory: Promise<ThreadMemory> | undefined;

async function takeThreadMemory(): Promise<ThreadMemory> {
  const kernels = await loadBlockKernels(laneMemory(LANES));
  return { kernels, lanes: Array.from({ length: LANES }, () => allocateLane(kernels)) };
}

/** The thread's work. Rejects with the first lane's error after all lanes have stopped. */
export async function convertBlocks(input: ConvertInput): Promise<void> {
  const board = BlockBoard.attach(input.board);
  board.noteWait();
  threadMemory ??= takeThreadMemory();
  const { kernels, lanes } = await threadMemory;
  const image = await openImage(input.source);
  try {
    const sink = openSink(input.sink, kernels);
    const context: ThreadContext = {
      gate: BandwidthGate.attach(input.gate),
      read: (block, { block: target, tools }) =>
        readDisk(image, target, block * BLOCK_BYTES, BLOCK_BYTES, tools),
      sink,
      board,
      ranks: new UnitRanks(board),
      kernels,
      goOn: () => !board.aborted && !(input.helper && Atomics.load(input.pressure, 0) > 0),
    };
    try {
      // A source that does not answer is given up, or an abort would wait for it.
      await board.watchAbort(
        () => image.close(),
        () => runLanes(context, lanes),
      );
    } finally {
      sink.close();
    }
  } finally {
    image.close();
  }
}

async function runLanes(context: ThreadContext, buffers: readonly LaneBuffers[]): Promise<void> {
  const outcomes = await Promise.allSettled(
    buffers.map(async (lane) => {
      try {
        await runLane(context, lane);
      } catch (error) {
        // What fails after the abort fails because of it.
        context.board.throwIfAborted();
        context.board.abort();
        throw error;
      }
    }),
  );
  const failure = firstFailure(outcomes);
  if (failure !== undefined) throw failure;
}

async function runLane(
  { gate, read, sink, board, ranks, kernels, goOn }: ThreadContext,
  buffers: LaneBuffers,
): Promise<void> {
  while (goOn()) {
    const block = board.claim();
    if (block === null) return;
    if (sink.ranked) ranks.expect(block);
    if (!(await gate.pass(BLOCK_BYTES, () => isWanted(board)))) return;
    await read(block, buffers);
    const isZero = kernels.isZero(buffers.block);
    const unitBits = sink.unitsOf(block, buffers.block, isZero);
    const sha256 = board.sha256 === null || isZero ? null : sha256Of(buffers.block);
    board.resolve(block, unitBits, isZero ? 0n : kernels.xxh64(buffers.block), sha256);
    if (unitBits === 0) ranks.forget(block);
    else {
      const rank = sink.ranked ? await ranks.rankOf(block) : 0;
      await sink.write(block, unitBits, rank, buffers);
    }
    board.markWritten(block);
  }
}

/** Asked while a block waits for its turn. */
function isWanted(board: BlockBoard): boolean {
  board.noteWait();
  return !board.aborted;
}
