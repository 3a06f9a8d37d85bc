import { hopKey, type Job } from './night.js';

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

/** What speaks against a hop. */
interface Evidence {
  machines: number;
  slow: number;
  /** Slow ones that it was expected to hold back. */
  heldBack: number;
}

/** A machine that gets less of what it should is slow. */
const SLOW = 0.95;

/**
 * Keys of the hops that must give less than was thought. A slow machine that goes through a full hop is slow because of
 * that, where others took what it should have had; each other one because of the hop that most speaks against.
 */
export function blame(movers: readonly Mover[], isFull: (key: string) => boolean): ReadonlySet<string> {
  const evidence = new Map<string, Evidence>();
  const slow: (readonly string[])[] = [];
  for (const { job, actual, expected, heldBy } of movers) {
    const keys = job.hops.map(hopKey);
    const isSlow = actual < SLOW * expected;
    const full = keys.filter(isFull);
    if (isSlow) slow.push(full.length > 0 ? full : keys);
    for (const key of keys) {
      const known = evidence.get(key) ?? { machines: 0, slow: 0, heldBack: 0 };
      evidence.set(key, known);
      known.machines += 1;
      if (isSlow) known.slow += 1;
      if (isSlow && key === heldBy) known.heldBack += 1;
    }
  }
  const weight = (key: string) => suspicion(evidence.get(key));
  return new Set(
    slow.map((keys) => keys.reduce((worst, key) => (weight(key) > weight(worst) ? key : worst))),
  );
}

/** Slow machines speak against it, the more so the fewer others there are; and a little that it was expected. */
function suspicion(evidence: Evidence | undefined): number {
  if (evidence === undefined) return 0;
  const { machines, slow, heldBack } = evidence;
  return slow * (slow / machines) ** 2 + heldBack / 1000;
}
