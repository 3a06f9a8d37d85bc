import { XenferryError } from '../model/errors.js';

/** Slots of the control words. */
const CURSOR = 0;
const ABORTED = 1;
const EVENTS = 2;
const CONTROL_BYTES = 64;

/** State of a block that no thread has looked at yet. */
const UNRESOLVED = 0;

/**
 * The shared memory in which threads divide a disk among them and tell what they found; no messages.
 * Per block: its state (0 until it has been read, then 1 + a bit for each unit of output that will be stored),
 * whether its output is written, and the XXH64 of its content (0 for zeros).
 */
export class BlockBoard {
  readonly blocks: number;
  readonly memory: SharedArrayBuffer;
  readonly states: Uint8Array;
  readonly written: Uint8Array;
  readonly digests: BigUint64Array;
  readonly #control: Int32Array;

  private constructor(memory: SharedArrayBuffer, blocks: number) {
    this.memory = memory;
    this.blocks = blocks;
    this.#control = new Int32Array(memory, 0, CONTROL_BYTES / 4);
    this.digests = new BigUint64Array(memory, CONTROL_BYTES, blocks);
    this.states = new Uint8Array(memory, CONTROL_BYTES + blocks * 8, blocks);
    this.written = new Uint8Array(memory, CONTROL_BYTES + blocks * 9, blocks);
  }

  static create(blocks: number): BlockBoard {
    return new BlockBoard(new SharedArrayBuffer(CONTROL_BYTES + blocks * 10), blocks);
  }

  /** The same board seen from a thread. */
  static attach(memory: SharedArrayBuffer): BlockBoard {
    return new BlockBoard(memory, (memory.byteLength - CONTROL_BYTES) / 10);
  }

  /** Settles a block before the threads start: known to be zeros, or stored by an earlier run. */
  settle(block: number, unitBits: number, digest: bigint): void {
    this.states[block] = unitBits + 1;
    this.digests[block] = digest;
    this.written[block] = 1;
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

  /** Tells what a claimed block holds: which units of it are stored, and its digest. */
  resolve(block: number, unitBits: number, digest: bigint): void {
    this.digests[block] = digest;
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

  /** Makes every thread stop at its next block. */
  abort(): void {
    Atomics.store(this.#control, ABORTED, 1);
    this.#signal();
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

/** How many units the bits stand for. */
export function unitCount(unitBits: number): number {
  let count = 0;
  for (let bits = unitBits; bits !== 0; bits &= bits - 1) count++;
  return count;
}
