import { createReadTools, type ReadTools } from '../../disk-image/index.js';
import { BLOCK_BYTES } from '../../model/units.js';

/** Memory for one read. */
export interface ReadSlot {
  /** BLOCK_BYTES. */
  readonly buffer: Buffer;
  readonly tools: ReadTools;
}

/** Guests are read in small pieces over slow links: more at once means less waiting. A slot takes about 5 MiB. */
const MAX_SLOTS = 8;

/** All memory that the clients of a server have together; made as it is needed. */
export class ReadSlots {
  readonly #idle: ReadSlot[] = [];
  readonly #waiting: Array<(slot: ReadSlot) => void> = [];
  #made = 0;

  /** Runs `use` with a slot of its own, in the order of asking; rejects as `use` does. */
  async with<T>(use: (slot: ReadSlot) => Promise<T>): Promise<T> {
    const slot = this.#idle.pop() ?? this.#another() ?? (await this.#nextFree());
    try {
      return await use(slot);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#idle.push(slot);
      else next(slot);
    }
  }

  #another(): ReadSlot | null {
    if (this.#made === MAX_SLOTS) return null;
    this.#made++;
    return { buffer: Buffer.allocUnsafeSlow(BLOCK_BYTES), tools: createReadTools() };
  }

  #nextFree(): Promise<ReadSlot> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
