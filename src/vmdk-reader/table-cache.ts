/** Tables stay where a few blocks in flight find them again; more would be memory for nothing. */
const KEPT_TABLES = 8;
/** A slot whose table could not be read. */
const NO_TABLE = -1;

interface Slot {
  /** Which table the slot holds or is being filled with. */
  index: number;
  readonly memory: Float64Array;
  /** Part of `memory`; null when nothing of the table's range is stored. */
  table: Float64Array | null;
  loading: Promise<void> | null;
}

/** Fills `memory` with where the grains of a table are; null when nothing of its range is stored. */
export type LoadTable = (index: number, memory: Float64Array) => Promise<Float64Array | null>;

/**
 * Decoded grain tables. Their memory is taken once: a large disk has a million tables, and those that live long
 * enough to grow old would lie about until the next full collection.
 */
export class TableCache {
  readonly #entries: number;
  readonly #load: LoadTable;
  readonly #slots: Slot[] = [];
  #next = 0;

  constructor(entriesPerTable: number, load: LoadTable) {
    this.#entries = entriesPerTable;
    this.#load = load;
  }

  /** Copies entries `[entry, entry + count)` of a table to `target[at]`, nothing where the table is not stored. */
  async copy(index: number, entry: number, count: number, target: Float64Array, at: number): Promise<void> {
    for (;;) {
      const slot = this.#slots.find((held) => held.index === index) ?? this.#fill(index);
      if (slot.loading !== null) await slot.loading;
      // While this waited another lane may have given the slot to another table.
      if (slot.index !== index || slot.loading !== null) continue;
      if (slot.table !== null) target.set(slot.table.subarray(entry, entry + count), at);
      return;
    }
  }

  #fill(index: number): Slot {
    const slot = this.#freeSlot();
    slot.index = index;
    slot.loading = this.#load(index, slot.memory)
      .then(
        (table) => {
          slot.table = table;
        },
        (error: unknown) => {
          slot.index = NO_TABLE;
          throw error;
        },
      )
      .finally(() => {
        slot.loading = null;
      });
    return slot;
  }

  /** The slot filled longest ago. One that is being filled is never taken: there may be more slots than kept tables. */
  #freeSlot(): Slot {
    if (this.#slots.length >= KEPT_TABLES) {
      for (let tried = 0; tried < this.#slots.length; tried++) {
        const slot = this.#slots[this.#next++ % this.#slots.length];
        if (slot !== undefined && slot.loading === null) return slot;
      }
    }
    const slot = { index: NO_TABLE, memory: new Float64Array(this.#entries), table: null, loading: null };
    this.#slots.push(slot);
    return slot;
  }
}
