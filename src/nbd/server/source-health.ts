import { toXenferryError, type XenferryError } from '../../model/errors.js';

/**
 * What went wrong first with the images that are served. From then on nothing is read any more: whoever reads a guest
 * would else wait for each of thousands of reads to fail by itself.
 */
export class SourceHealth {
  readonly #underWay = new Set<Promise<unknown>>();
  #failure: XenferryError | null = null;

  get failure(): XenferryError | null {
    return this.#failure;
  }

  /** Runs what reads a source. Rejects with the first failure of all. */
  async guard<T>(read: () => Promise<T>): Promise<T> {
    if (this.#failure !== null) throw this.#failure;
    const reading = read();
    this.#underWay.add(reading);
    try {
      return await reading;
    } catch (error) {
      throw this.fail(error);
    } finally {
      this.#underWay.delete(reading);
    }
  }

  /** Has everything fail from now on, unless something has failed before; that is returned. */
  fail(error: unknown): XenferryError {
    this.#failure ??= toXenferryError(error);
    return this.#failure;
  }

  /** Waits for what is read just now. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }
}
