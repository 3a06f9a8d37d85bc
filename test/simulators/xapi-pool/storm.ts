import type { Fault } from './fault.js';
import { randomNumbers, seedOf } from './random-numbers.js';

export interface StormOptions {
  readonly seed: number;
  /** From 0 to 1, of each call and each transfer. */
  readonly probability: number;
  /** What all times are multiplied by: a host that is down is so for 2 to 10 seconds at 1, which it is without. */
  readonly timeScale?: number;
}

const MIB = 1024 * 1024;

/** Numbers that one fault is made of. */
interface Dice {
  /** From the least to the most, small ones as likely as large ones: of bytes, of milliseconds. */
  readonly between: (least: number, most: number) => number;
  readonly milliseconds: (least: number, most: number) => number;
}

interface Weather {
  readonly weight: number;
  readonly make: (dice: Dice) => Fault;
}

/** What can happen to whatever is called. */
const ANYWHERE: readonly Weather[] = [
  { weight: 4, make: ({ milliseconds }) => ({ kind: 'slow', delayMs: milliseconds(20, 1000) }) },
  { weight: 2, make: () => ({ kind: 'status', status: 503 }) },
  { weight: 1, make: () => ({ kind: 'status', status: 500 }) },
  { weight: 2, make: () => ({ kind: 'booting' }) },
  {
    weight: 1,
    make: ({ milliseconds }) => ({ kind: 'host-down', backAfterMs: milliseconds(2000, 10_000) }),
  },
];

const CALLS: readonly Weather[] = [
  ...ANYWHERE,
  { weight: 4, make: () => ({ kind: 'failure', code: 'TOO_BUSY' }) },
  { weight: 3, make: () => ({ kind: 'cut' }) },
  { weight: 2, make: () => ({ kind: 'answer-lost' }) },
];

const CALLS_WITH_A_SESSION: readonly Weather[] = [
  ...CALLS,
  { weight: 2, make: () => ({ kind: 'session-lost' }) },
  { weight: 1, make: () => ({ kind: 'new-master' }) },
];

const CALLS_WITH_A_TASK: readonly Weather[] = [
  ...CALLS_WITH_A_SESSION,
  { weight: 2, make: () => ({ kind: 'task-lost' }) },
  { weight: 4, make: ({ milliseconds }) => ({ kind: 'slow-task', delayMs: milliseconds(100, 5000) }) },
];

const FULL: Weather = {
  weight: 3,
  make: ({ milliseconds }) => ({ kind: 'sr-full', forMs: milliseconds(500, 5000) }),
};

function somewhere({ between }: Dice): { readonly afterBytes: number } {
  return { afterBytes: Math.floor(between(1, 64 * MIB)) };
}

const TRANSFERS: readonly Weather[] = [
  ...ANYWHERE,
  { weight: 6, make: (dice) => ({ kind: 'cut', ...somewhere(dice) }) },
  { weight: 4, make: (dice) => ({ kind: 'io-error', ...somewhere(dice) }) },
  {
    weight: 2,
    make: (dice) => ({ kind: 'sr-full', ...somewhere(dice), forMs: dice.milliseconds(500, 5000) }),
  },
  { weight: 2, make: (dice) => ({ kind: 'session-lost', ...somewhere(dice) }) },
  { weight: 2, make: (dice) => ({ kind: 'task-lost', ...somewhere(dice) }) },
  { weight: 2, make: ({ milliseconds }) => ({ kind: 'slow-task', delayMs: milliseconds(100, 5000) }) },
  { weight: 2, make: () => ({ kind: 'redirect' }) },
  {
    weight: 2,
    make: ({ between }) => ({ kind: 'slow', bytesPerSecond: Math.floor(between(4 * MIB, 64 * MIB)) }),
  },
];

function weatherAt(place: string): readonly Weather[] {
  if (/^(?:PUT|GET) /.test(place)) {
    return TRANSFERS;
  }
  if (place.startsWith('session.login')) {
    return CALLS;
  }
  const calls = place.startsWith('Async.') ? CALLS_WITH_A_TASK : CALLS_WITH_A_SESSION;
  return place.endsWith('VDI.create') ? [...calls, FULL] : calls;
}

/**
 * All faults at random, weighted so that a client that repeats gets through. What a call meets follows from the seed,
 * its name and how many of that name came before it: not from what else goes on at the same time.
 */
export class Storm {
  private readonly counts = new Map<string, number>();
  private readonly options: StormOptions;

  constructor(options: StormOptions) {
    this.options = options;
  }

  meet(place: string): readonly Fault[] {
    const number = (this.counts.get(place) ?? 0) + 1;
    this.counts.set(place, number);
    const { seed, probability, timeScale = 1 } = this.options;
    const random = randomNumbers(seedOf(seed, place, number));
    if (random() >= probability) {
      return [];
    }
    const between = (least: number, most: number): number => least * (most / least) ** random();
    const milliseconds = (least: number, most: number): number => Math.ceil(between(least, most) * timeScale);
    const weather = weatherAt(place);
    let drawn = random() * weather.reduce((sum, { weight }) => sum + weight, 0);
    const chosen = weather.find(({ weight }) => {
      drawn -= weight;
      return drawn < 0;
    });
    return chosen === undefined ? [] : [chosen.make({ between, milliseconds })];
  }
}
