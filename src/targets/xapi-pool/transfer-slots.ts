import { unlessAborted } from '../../model/abort.js';
import type { Ref } from '../../xapi/index.js';

export interface TransferLimits {
  /** Disks on their way through one host at the same time. */
  readonly perHost: number;
  /** Disks on their way to or from one repository at the same time. */
  readonly perStorage: number;
}

/** A transfer's leave to go through a host. */
export interface Slot {
  /** Of the host. */
  readonly address: string;
  release(): void;
}

/** Spreads transfers over the hosts of a pool, the least busy first, and holds back those beyond the limits. */
export class TransferSlots {
  readonly #limits: TransferLimits;
  readonly #active = new Map<string, number>();
  /** Resolves when the next slot is given back. */
  #change = nextChange();

  constructor(limits: TransferLimits) {
    this.#limits = limits;
  }

  /** Waits for a slot at one of `addresses`, which are those that see the repository. Rejects with CANCELED. */
  async take(storage: Ref, addresses: readonly string[], signal: AbortSignal): Promise<Slot> {
    for (;;) {
      const address = this.#free(storage, addresses);
      if (address !== null) return this.#occupy(storage, address);
      await unlessAborted(signal, this.#change.promise);
    }
  }

  #free(storage: Ref, addresses: readonly string[]): string | null {
    if (this.#count(storage) >= this.#limits.perStorage) return null;
    const [first, ...others] = addresses;
    if (first === undefined) return null;
    const least = others.reduce((best, next) => (this.#count(next) < this.#count(best) ? next : best), first);
    return this.#count(least) < this.#limits.perHost ? least : null;
  }

  #occupy(storage: Ref, address: string): Slot {
    const keys = [storage, address];
    for (const key of keys) this.#active.set(key, this.#count(key) + 1);
    let held = true;
    return {
      address,
      release: () => {
        if (!held) return;
        held = false;
        for (const key of keys) this.#active.set(key, this.#count(key) - 1);
        const { happen } = this.#change;
        this.#change = nextChange();
        happen();
      },
    };
  }

  #count(key: string): number {
    return this.#active.get(key) ?? 0;
  }
}

function nextChange(): { promise: Promise<void>; happen: () => void } {
  let happen = () => {};
  const promise = new Promise<void>((resolve) => {
    happen = resolve;
  });
  return { promise, happen };
}
