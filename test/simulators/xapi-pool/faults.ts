import type { Fault } from './fault.js';
import { randomNumbers } from './random-numbers.js';
import { Storm, type StormOptions } from './storm.js';

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

/** The faults that wait for calls to hit. */
export class Faults {
  private planned: Planned[] = [];
  private weather: Storm | undefined;

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

  /** Everything that can go wrong, at random, wherever it can; the same seed and the same calls give the same faults. */
  storm(options: StormOptions): void {
    this.weather = new Storm(options);
  }

  clear(): void {
    this.planned = [];
    this.weather = undefined;
  }

  /** The faults that this call meets. */
  meet(place: FaultPlace): readonly Fault[] {
    const met: Fault[] = [...(this.weather?.meet(place) ?? [])];
    for (const one of this.planned) {
      if ((one.place === '*' || one.place === place) && one.hits()) {
        met.push(one.fault);
      }
    }
    this.planned = this.planned.filter((one) => !one.spent());
    return met;
  }
}
