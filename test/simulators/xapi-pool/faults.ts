/**
 * What goes wrong on demand. `afterBytes` counts bytes of a file transfer's body; calls of the API, which have
 * none, fail at once.
 */
export type Fault =
  /** The call fails with a code of the API; a file transfer answers with an error page that names it. */
  | { readonly kind: 'failure'; readonly code: string; readonly params?: readonly string[] }
  /** An HTTP status without a word of the API. */
  | { readonly kind: 'status'; readonly status: number }
  /** The host is starting: refused before the call is looked at, in the shape that only this has. */
  | { readonly kind: 'booting' }
  /** The connection goes away without an answer. */
  | { readonly kind: 'cut'; readonly afterBytes?: number }
  /** The call is carried out, and the connection goes away without an answer. */
  | { readonly kind: 'answer-lost' }
  /** The program that writes the disk dies: the task ends with VDI_IO_ERROR. */
  | { readonly kind: 'io-error'; readonly afterBytes?: number }
  /** The repository is full from here on. */
  | { readonly kind: 'sr-full'; readonly afterBytes?: number }
  /** The session is dropped: this call and all later ones fail with SESSION_INVALID. */
  | { readonly kind: 'session-lost'; readonly afterBytes?: number }
  /** The task vanishes; what it stood for goes on. */
  | { readonly kind: 'task-lost'; readonly afterBytes?: number }
  /** A pause before the answer, and a limit to the rate of a transfer. */
  | { readonly kind: 'slow'; readonly delayMs?: number; readonly bytesPerSecond?: number }
  /** A file transfer is sent to this host, by its number in `pool.hosts`. */
  | { readonly kind: 'redirect'; readonly host: number };

export interface RandomFaults {
  readonly seed: number;
  /** From 0 to 1, of each matching call. */
  readonly probability: number;
}

/** A method (`VDI.create`), a transfer (`PUT /import_raw_vdi`), or `*` for whatever comes. */
export type FaultPlace = string;

interface Planned {
  readonly place: FaultPlace;
  readonly fault: Fault;
  /** Whether this matching call is hit. */
  readonly hits: () => boolean;
  readonly spent: () => boolean;
}

/** A generator of numbers from 0 to 1 that gives the same ones for the same seed (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The faults that wait for calls to hit. */
export class Faults {
  private planned: Planned[] = [];

  /** Hits the next matching call, or the next `times` ones. */
  next(place: FaultPlace, fault: Fault, times = 1): void {
    let left = times;
    const hits = (): boolean => {
      left -= 1;
      return true;
    };
    this.planned.push({ place, fault, hits, spent: () => left <= 0 });
  }

  /** Hits matching calls at random; the same seed and the same calls give the same faults. */
  randomly(place: FaultPlace, fault: Fault, { seed, probability }: RandomFaults): void {
    const random = randomNumbers(seed);
    this.planned.push({ place, fault, hits: () => random() < probability, spent: () => false });
  }

  clear(): void {
    this.planned = [];
  }

  /** The faults that this call meets. */
  meet(place: FaultPlace): readonly Fault[] {
    const met: Fault[] = [];
    for (const one of this.planned) {
      if ((one.place === '*' || one.place === place) && one.hits()) {
        met.push(one.fault);
      }
    }
    this.planned = this.planned.filter((one) => !one.spent());
    return met;
  }
}
