import { XenferryError } from '../model/errors.js';
import type { BlockDigest, BlockRecords } from './block-records.js';

/** Slots of the control words. */
const CURSOR = 0;
const ABORTED = 1;
const EVENTS = 2;
const BLOCKS = 3;
const WITH_SHA256 = 4;
const WAITS = 5;
const CONTROL_BYTES = 64;
const SHA256_BYTES = 32;

/** State of a block that no thread has looked at yet. */
const UNRESOLVED = 0;

/**
 * The shared memory in which threads divide a disk among them and tell what they found; no messages.
 * Per block: its state (0 until it has been read, then 1 + a bit for each unit of output that will be stored),
 * whether its output is written, the XXH64 of its content (0 for zeros), and where asked its SHA-256 as well.
 */
export class BlockBoard {
  readonly blocks: number;
  readonly memory: SharedArrayBuffer;
  readonly states: Uint8Array;
  readonly written: Uint8Array;
  readonly digests: BigUint64Array;
  /** 32 bytes a block, zeros for zeros; null when nobody asked for them. */
  readonly sha256: Uint8Array | null;
  readonly #control: Int32Array;

  private constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#control = new Int32Array(memory, 0, CONTROL_BYTES / 4);
    const blocks = this.#control[BLOCKS] ?? 0;
    this.blocks = blocks;
    this.digests = new BigUint64Array(memory, CONTROL_BYTES, blocks);
    this.states = new Uint8Array(memory, CONTROL_BYTES + blocks * 8, blocks);
    this.written = new Uint8Array(memory, CONTROL_BYTES + blocks * 9, blocks);
    this.sha256 =
      this.#control[WITH_SHA256] === 1
        ? new Uint8Array(memory, CONTROL_BYTES + blocks * 10, blocks * SHA256_BYTES)
        : null;
  }

  static create(blocks: number, digest: BlockDigest): BlockBoard {
    const withSha256 = digest === 'sha256' ? 1 : 0;
    const memory = new SharedArrayBuffer(CONTROL_BYTES + blocks * (10 + withSha256 * SHA256_BYTES));
    const control = new Int32Array(memory, 0, CONTROL_BYTES / 4);
    control[BLOCKS] = blocks;
    control[WITH_SHA256] = withSha256;
    return new BlockBoard(memory);
  }

  /** The same board seen from a thread. */
  static attach(memory: SharedArrayBuffer): BlockBoard {
    return new BlockBoard(memory);
  }

  /** Settles a block of zeros before the threads start. */
  settleZeros(block: number): void {
    this.states[block] = 1;
    this.written[block] = 1;
  }

  /** Settles the first blocks before the threads start: an earlier run stored them. */
  settleKnown({ unitBits, digests, sha256 }: BlockRecords): void {
    this.digests.set(digests);
    if (sha256 !== null) this.sha256?.set(sha256);
    for (const [block, bits] of unitBits.entries()) {
      this.states[block] = bits + 1;
      this.written[block] = 1;
    }
  }

  /** What is known of blocks `[from, to)`, all of them resolved; copied. */
  records(from: number, to: number): BlockRecords {
    return {
      unitBits: bitsOfStates(this.states.slice(from, to)),
      digests: this.digests.slice(from, to),
      sha256: this.sha256?.slice(from * SHA256_BYTES, to * SHA256_BYTES) ?? null,
    };
  }

  /** What is known of all blocks, all of them resolved, in the board's own memory: the board is of no use any more. */
  intoRecords(): BlockRecords {
    return { unitBits: bitsOfStates(this.states), digests: this.digests, sha256: this.sha256 };
  }

  /** A thread has begun, or waits for leave to move a block. */
  noteWait(): void {
    Atomics.add(this.#control, WAITS, 1);
  }

  /** A number that changes whenever a thread begins or waits for leave to move a block; 0 before the first. */
  get waits(): number {
    return Atomics.load(this.#control, WAITS);
  }

  /** The next block to work on, in ascending order over all threads; null when none is left. */
  claim(): number | null {
    for (;;) {
      const block = Atomics.add(this.#control, CURSOR, 1);
      if (block >= this.blocks) return null;
      if (this.states[block] === UNRESOLVED) return block;
    }
  }

  /** Whether every block has been claimed. */
  get exhausted(): boolean {
    return Atomics.load(this.#control, CURSOR) >= this.blocks;
  }

  /** Tells what a claimed block holds: which units of it are stored, and its digests. */
  resolve(block: number, unitBits: number, digest: bigint, sha256: Uint8Array | null): void {
    this.digests[block] = digest;
    if (sha256 !== null) this.sha256?.set(sha256, block * SHA256_BYTES);
    Atomics.store(this.states, block, unitBits + 1);
    this.#signal();
  }

  /** Tells that a block's output is handed to the system. */
  markWritten(block: number): void {
    Atomics.store(this.written, block, 1);
  }

  /** The units stored of a block, one bit each; null when it is not known yet. */
  unitBits(block: number): number | null {
    const state = Atomics.load(this.states, block);
    return state === UNRESOLVED ? null : state - 1;
  }

  isWritten(block: number): boolean {
    return Atomics.load(this.written, block) === 1;
  }

  /** Makes every thread stop at once. */
  abort(): void {
    Atomics.store(this.#control, ABORTED, 1);
    Atomics.notify(this.#control, ABORTED);
    this.#signal();
  }

  /** Runs `work`; calls `onAbort` when the board is aborted before it ends. */
  async watchAbort<T>(onAbort: () => void, work: () => Promise<T>): Promise<T> {
    let working = true;
    const watch = async () => {
      while (working && !this.aborted) {
        const waiting = Atomics.waitAsync(this.#control, ABORTED, 0);
        if (waiting.async) await waiting.value;
      }
      if (working) onAbort();
    };
    const watching = watch();
    try {
      return await work();
    } finally {
      working = false;
      // Wakes this watch, and those of other threads, which wait on.
      Atomics.notify(this.#control, ABORTED);
      await watching;
    }
  }

  get aborted(): boolean {
    return Atomics.load(this.#control, ABORTED) === 1;
  }

  throwIfAborted(): void {
    if (this.aborted) throw new XenferryError('CANCELED', 'the conversion was stopped');
  }

  /** A number that changes whenever a block is resolved or the board aborted. */
  get events(): number {
    return Atomics.load(this.#control, EVENTS);
  }

  /** Resolves when `events` is no longer `seen`. */
  async changedSince(seen: number): Promise<void> {
    const waiting = Atomics.waitAsync(this.#control, EVENTS, seen);
    if (waiting.async) await waiting.value;
  }

  #signal(): void {
    Atomics.add(this.#control, EVENTS, 1);
    Atomics.notify(this.#control, EVENTS);
  }
}

/** In place. */
function bitsOfStates(states: Uint8Array): Uint8Array {
  for (let block = 0; block < states.length; block++) states[block] = (states[block] ?? 1) - 1;
  return states;
}
