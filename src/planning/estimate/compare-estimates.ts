import type { Bottleneck, Estimate, WaveEstimate } from '../../model/plan.js';

/** A wave in both estimates; null in one that does not have it. */
export interface WaveComparison {
  readonly wave: string;
  readonly before: WaveEstimate | null;
  readonly after: WaveEstimate | null;
}

export interface EstimateTotal {
  readonly seconds: number;
  readonly bottleneck: Bottleneck;
  /** ISO 8601; of the last wave, null where the plan gives no start. */
  readonly endsAt: string | null;
}

export interface EstimateComparison {
  /** In the order of `before`, then what only `after` has. */
  readonly waves: readonly WaveComparison[];
  readonly before: EstimateTotal;
  readonly after: EstimateTotal;
}

/** Puts two estimates side by side, waves by name. */
export function compareEstimates(before: Estimate, after: Estimate): EstimateComparison {
  const then = new Map(before.waves.map((wave) => [wave.wave, wave]));
  const now = new Map(after.waves.map((wave) => [wave.wave, wave]));
  return {
    waves: [...new Set([...then.keys(), ...now.keys()])].map((wave) => ({
      wave,
      before: then.get(wave) ?? null,
      after: now.get(wave) ?? null,
    })),
    before: totalOf(before),
    after: totalOf(after),
  };
}

function totalOf({ seconds, bottleneck, waves }: Estimate): EstimateTotal {
  return { seconds, bottleneck, endsAt: waves.at(-1)?.endsAt ?? null };
}
