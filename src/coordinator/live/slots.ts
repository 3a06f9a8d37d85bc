/** So many at a time of whatever has the same name. Who comes first is served first. */
export class Slots {
  readonly #limit: number;
  readonly #taken = new Map<string, number>();
  readonly #waiting = new Map<string, { readonly count: number; readonly begin: () => void }[]>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Does `action` with so many slots of `name`; more than there are count as all. Rejects with the signal's reason while
   * it waits.
   */
  async hold<T>(name: string, wanted: number, signal: AbortSignal, action: () => Promise<T>): Promise<T> {
    const count = Math.min(wanted, this.#limit);
    await this.#take(name, count, signal);
    try {
      return await action();
    } finally {
      this.#taken.set(name, this.#takenOf(name) - count);
      this.#admit(name);
    }
  }

  async #take(name: string, count: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const queue = this.#waiting.get(name) ?? [];
    if (queue.length === 0 && this.#takenOf(name) + count <= this.#limit) {
      this.#taken.set(name, this.#takenOf(name) + count);
      return;
    }
    this.#waiting.set(name, queue);
    await new Promise<void>((resolve, reject) => {
      const turn = {
        count,
        begin: () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      const onAbort = () => {
        queue.splice(queue.indexOf(turn), 1);
        this.#admit(name);
        reject(signal.reason);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      queue.push(turn);
    });
  }

  #admit(name: string): void {
    const queue = this.#waiting.get(name) ?? [];
    for (let next = queue[0]; next !== undefined; next = queue[0]) {
      if (this.#takenOf(name) + next.count > this.#limit) return;
      queue.shift();
      this.#taken.set(name, this.#takenOf(name) + next.count);
      next.begin();
    }
  }

  #takenOf(name: string): number {
    return this.#taken.get(name) ?? 0;
  }
}
