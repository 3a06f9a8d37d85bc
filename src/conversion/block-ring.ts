import { XenferryError } from '../model/errors.js';

/** Places of the control words; behind them each slot has two: its block's number + 1, and that block's length. */
const TAKEN = 0;
const CLOSED = 1;
const EVENTS = 2;
const SLOTS = 3;
const FIRST_SLOT = 16;

/**
 * Shared memory in which threads put encoded blocks, in any order but at most as many ahead as there are slots,
 * and from which one reader takes them in order. A slow reader holds the threads back.
 */
export class BlockRing {
  readonly memory: SharedArrayBuffer;
  readonly #slots: number;
  readonly #slotBytes: number;
  readonly #control: Int32Array;

  private constructor(memory: SharedArrayBuffer, slots: number) {
    this.memory = memory;
    this.#slots = slots;
    this.#control = new Int32Array(memory, 0, FIRST_SLOT + 2 * slots);
    this.#slotBytes = (memory.byteLength - controlBytes(slots)) / slots;
  }

  /** `slotBytes` is the size of the largest encoded block. */
  static create(slots: number, slotBytes: number): BlockRing {
    const memory = new SharedArrayBuffer(controlBytes(slots) + slots * slotBytes);
    new Int32Array(memory)[SLOTS] = slots;
    return new BlockRing(memory, slots);
  }

  /** The same ring seen from a thread. */
  static attach(memory: SharedArrayBuffer): BlockRing {
    return new BlockRing(memory, new Int32Array(memory)[SLOTS] ?? 0);
  }

  /**
   * Puts block number `sequence` (from 0, without gaps) when its slot is free.
   * Rejects with CANCELED when the ring is closed.
   */
  async put(sequence: number, parts: readonly Uint8Array[]): Promise<void> {
    for (;;) {
      const seen = this.#load(EVENTS);
      if (this.#load(CLOSED) !== 0) throw new XenferryError('CANCELED', 'the stream was closed');
      if (sequence < this.#load(TAKEN) + this.#slots) break;
      await this.#changedSince(seen);
    }
    const slot = this.#slot(sequence);
    let length = 0;
    for (const part of parts) {
      // Into shared memory `set` goes word by word, at a fifth of the speed.
      slot.fill(part, length, length + part.byteLength);
      length += part.byteLength;
    }
    Atomics.store(this.#control, this.#word(sequence) + 1, length);
    Atomics.store(this.#control, this.#word(sequence), sequence + 1);
    this.#signal();
  }

  /** The bytes of block number `sequence` when they are there; valid until `release`. Null when the ring is closed. */
  async take(sequence: number): Promise<Buffer | null> {
    for (;;) {
      const seen = this.#load(EVENTS);
      if (this.#load(this.#word(sequence)) === sequence + 1) {
        return this.#slot(sequence).subarray(0, this.#load(this.#word(sequence) + 1));
      }
      if (this.#load(CLOSED) !== 0) return null;
      await this.#changedSince(seen);
    }
  }

  /** Frees the slot of the block taken last. */
  release(sequence: number): void {
    Atomics.store(this.#control, TAKEN, sequence + 1);
    this.#signal();
  }

  /** Wakes everyone who waits; nothing more can be put. */
  close(): void {
    Atomics.store(this.#control, CLOSED, 1);
    this.#signal();
  }

  #load(word: number): number {
    return Atomics.load(this.#control, word);
  }

  #word(sequence: number): number {
    return FIRST_SLOT + 2 * (sequence % this.#slots);
  }

  #slot(sequence: number): Buffer {
    const start = controlBytes(this.#slots) + (sequence % this.#slots) * this.#slotBytes;
    return Buffer.from(this.memory, start, this.#slotBytes);
  }

  #signal(): void {
    Atomics.add(this.#control, EVENTS, 1);
    Atomics.notify(this.#control, EVENTS);
  }

  async #changedSince(seen: number): Promise<void> {
    const waiting = Atomics.waitAsync(this.#control, EVENTS, seen);
    if (waiting.async) await waiting.value;
  }
}

/** Page-aligned, so that blocks can be written past the page cache from where they lie. */
function controlBytes(slots: number): number {
  return Math.ceil(((FIRST_SLOT + 2 * slots) * 4) / 4096) * 4096;
}
