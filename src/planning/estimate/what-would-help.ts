import type { Limits, Rates } from '../../model/plan.js';
import { LIMITS_SCHEMA } from '../migration-file/night-schema.js';
import { RATES_SCHEMA } from '../migration-file/schema.js';
import { type EstimateInput, estimatePlan } from './estimate-plan.js';

/** One change to the figures and what it saves. */
export interface Improvement {
  /** As `applyWhatIf` takes it. */
  readonly change: string;
  /** Of work. */
  readonly seconds: number;
}

/** Less is rounding, and nothing to act on. */
const LEAST_SECONDS = 1;

/** What an operator changes most easily comes first among changes that save the same. */
const LIMITS = [
  'machinesAtOnce',
  'machinesPerHost',
  'machinesPerDatastore',
  'machinesPerStorage',
  'threads',
] as const satisfies readonly (keyof Limits)[];
const FASTER: readonly (keyof Rates)[] = ['sourceMiBps', 'networkMiBps', 'targetMiBps', 'threadMiBps'];

/**
 * Which single change would save how much: every limit and rate doubled in turn where the migration file may have
 * twice as much, the seconds for each machine halved. The most helpful first; those that help by less than a second
 * are left out. Costs eleven estimates.
 */
export function whatWouldHelp(input: EstimateInput): Improvement[] {
  const { rates, limits } = input;
  const { seconds } = estimatePlan(input);
  const saved = (change: string, other: Partial<EstimateInput>): Improvement => ({
    change,
    seconds: seconds - estimatePlan({ ...input, ...other }).seconds,
  });
  const pause = rates.secondsPerMachine / 2;
  return [
    ...LIMITS.flatMap((name) => {
      const limit = limits[name];
      return limit === null ? [] : [{ name, twice: 2 * limit }];
    })
      .filter(({ name, twice }) => LIMITS_SCHEMA.shape[name].safeParse(twice).success)
      .map(({ name, twice }) => saved(`limits.${name}=${twice}`, { limits: { ...limits, [name]: twice } })),
    ...FASTER.map((name) => ({ name, twice: 2 * rates[name] }))
      .filter(({ name, twice }) => RATES_SCHEMA.shape[name].safeParse(twice).success)
      .map(({ name, twice }) => saved(`rates.${name}=${twice}`, { rates: { ...rates, [name]: twice } })),
    saved(`rates.secondsPerMachine=${pause}`, { rates: { ...rates, secondsPerMachine: pause } }),
  ]
    .filter((improvement) => improvement.seconds >= LEAST_SECONDS)
    .sort((a, b) => b.seconds - a.seconds);
}
