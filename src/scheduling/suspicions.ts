import { type HopUse, hopKey, type Job } from './night.js';

/** A machine in a sample. */
export interface Mover {
  readonly job: Job;
  /** Bytes a second. */
  readonly actual: number;
  /** By what is known of its hops; 0 when its data did not move all the time. */
  readonly expected: number;
  /** Key of the hop that was expected to let it be no faster. */
  readonly heldBy: string;
}

/** How one machine went through a hop, in bytes a second. */
interface Passage {
  actual: number;
  expected: number;
}

/** What speaks against a hop: the machines that went through it last, by job. */
type Evidence = Map<string, Passage>;

/** What a hop is accused of by the machines that went through it. */
interface Charge {
  readonly actual: number;
  readonly expected: number;
  readonly machines: number;
}

/** So many machines are remembered of a hop, ended ones among them. */
const REMEMBERED = 16;
/** Weight of a machine's newest sample. */
const NEWS = 0.2;
/**
 * Machines on one hop do not get equal parts of it, for reasons that nobody sees. So slowness counts the more, the more
 * machines share it: all through a hop at two thirds of what they should have are enough when there are four.
 */
const ENOUGH = 0.65;
/** What a hop gives is shared out whatever the parts: a full one that gives less than so much of it has become slower. */
const SHORT = 0.93;

/** Remembers how machines fared on each hop, and says which hop must give less than was thought. */
export class Suspicions {
  readonly #evidence = new Map<string, Evidence>();

  /**
   * Key of the hop that most explains why machines are slower than expected; null when none does. What was noted before is
   * then forgotten: it was judged by what is not believed any more. `doubtOf` a hop's key: how much of the suspicion
   * against it counts beside that against others, 0 to 1.
   */
  worst(movers: readonly Mover[], doubtOf: (key: string) => number): string | null {
    const judged = movers.filter(({ expected }) => expected > 0);
    this.#note(judged);
    const short = new Set(shortHops(judged));
    let worst: string | null = null;
    let most = 0;
    for (const key of new Set(judged.flatMap(({ job }) => job.hops.map(hopKey)))) {
      const weight = slowness(chargeOf(this.#evidence.get(key)));
      const doubted = weight * doubtOf(key);
      if (doubted <= most || (weight < ENOUGH && !short.has(key))) continue;
      worst = key;
      most = doubted;
    }
    if (worst !== null) this.#evidence.clear();
    return worst;
  }

  #note(judged: readonly Mover[]): void {
    for (const { job, actual, expected } of judged) {
      for (const hop of job.hops) this.#noteAt(hop, job, { actual, expected });
    }
    const running = Math.max(REMEMBERED, judged.length);
    for (const evidence of this.#evidence.values()) {
      for (const oldest of evidence.keys()) {
        if (evidence.size <= running) break;
        evidence.delete(oldest);
      }
    }
  }

  #noteAt(hop: HopUse, { id }: Job, { actual, expected }: Passage): void {
    const key = hopKey(hop);
    const evidence: Evidence = this.#evidence.get(key) ?? new Map();
    this.#evidence.set(key, evidence);
    const passage = evidence.get(id) ?? { actual, expected };
    // The last ones stay longest.
    evidence.delete(id);
    evidence.set(id, passage);
    passage.actual += NEWS * (actual - passage.actual);
    passage.expected += NEWS * (expected - passage.expected);
  }
}

/** Keys of the hops that should be full and are not. */
function shortHops(judged: readonly Mover[]): string[] {
  const full = new Set(judged.map(({ heldBy }) => heldBy));
  const charges = new Map<string, { actual: number; expected: number }>();
  for (const { job, actual, expected } of judged) {
    for (const hop of job.hops) {
      const key = hopKey(hop);
      if (!full.has(key)) continue;
      const charge = charges.get(key) ?? { actual: 0, expected: 0 };
      charges.set(key, charge);
      charge.actual += actual * hop.share;
      charge.expected += expected * hop.share;
    }
  }
  return [...charges].filter(([, { actual, expected }]) => actual < SHORT * expected).map(([key]) => key);
}

function chargeOf(evidence: Evidence = new Map()): Charge {
  let actual = 0;
  let expected = 0;
  for (const passage of evidence.values()) {
    actual += passage.actual;
    expected += passage.expected;
  }
  return { actual, expected, machines: evidence.size };
}

/** How slow machines are beside what is expected of them in all, in bytes a second: 0 not at all; the more, the more there are. */
export function slowness({ actual, expected, machines }: Charge): number {
  return (1 - actual / expected) * Math.sqrt(machines);
}
