import { bandwidthAt, bandwidthChanges, WorkCalendar } from '../../calendar/index.js';
import { XenferryError } from '../../model/errors.js';
import type { BandwidthCap, Policy } from '../../model/night.js';
import type {
  Bottleneck,
  Estimate,
  Limits,
  MachineEstimate,
  PlannedMachine,
  PlannedWave,
  Rates,
  WaveEstimate,
} from '../../model/plan.js';
import { type CapacityChange, type HeldBack, simulateWave } from '../../transfers/index.js';
import type { TargetFacts } from '../migration-file/schema.js';
import { stagingBytes, storageNeeds } from './storage-needs.js';
import { TransferModel } from './transfer-model.js';
import { inTurns } from './turns.js';
import { ANY_MONDAY, type Schedule, schedule } from './window-calendar.js';

export interface EstimateInput {
  /** Those to be moved; of a wave's machines the others are left out. */
  readonly machines: readonly PlannedMachine[];
  readonly waves: readonly PlannedWave[];
  readonly rates: Rates;
  readonly limits: Limits;
  /** When the first wave may begin, ISO 8601; null when nobody said. */
  readonly start: string | null;
  /** `YYYY-MM-DD`, on which no window is open. */
  readonly blackOuts: readonly string[];
  /** None when left out. */
  readonly caps?: readonly BandwidthCap[];
  /** What becomes of machines under way when their window closes; they are paused when left out. */
  readonly atWindowEnd?: Policy['atWindowEnd'];
  readonly target: TargetFacts | undefined;
}

/** Bytes a second, where no cap holds: more than anything gives. */
const NO_CAP = 1e18;

/** A wave played through and put into the calendar. */
interface PlacedWave {
  readonly wave: WaveEstimate;
  readonly machines: readonly MachineEstimate[];
  readonly heldBack: HeldBack;
  readonly schedule: Schedule;
}

/**
 * How long a plan takes and what it needs, as the scheduler would forecast it before anything has begun. Waves come one
 * after the other. In a wave machines start as their turns come and limits allow, after those that they come after; one
 * that has to wait is passed by those that need not, and those that run share sources, network, bandwidth caps, threads
 * and targets max-min fairly. Without a start, caps hold as from the beginning of a Monday. Data counts as the guest's: what a source stores compressed is read faster than
 * this says. The cost grows with the machines times those at once. Throws CONFIG_INVALID for a start or a time zone
 * that does not exist.
 */
export function estimatePlan(input: EstimateInput): Estimate {
  const { rates, limits } = input;
  const byId = new Map(input.machines.map((planned) => [planned.machine.id, planned]));
  const waves = input.waves.map(({ machineIds }) => machineIds.flatMap((id) => byId.get(id) ?? []));
  const placed: PlacedWave[] = [];
  let clock = instantOf(input.start);
  for (const [index, wave] of input.waves.entries()) {
    const next = placeWave(wave, waves[index] ?? [], input, clock);
    placed.push(next);
    clock = next.schedule.endsAt;
  }
  const seconds = placed.reduce((sum, { wave }) => sum + wave.seconds, 0);
  const idle = placed.reduce((sum, { schedule }) => sum + schedule.idleSeconds, 0);
  return {
    rates,
    limits,
    bytes: placed.reduce((sum, { wave }) => sum + wave.bytes, 0),
    seconds,
    bottleneck: bottleneck(
      placed.map(({ heldBack }) => heldBack),
      seconds,
      idle,
    ),
    waves: placed.map(({ wave }) => wave),
    machines: placed.flatMap(({ machines }) => machines),
    storage: storageNeeds(waves.flat(), input.target),
    stagingBytes: stagingBytes(waves, limits.machinesAtOnce),
  };
}

function placeWave(
  { name, window }: PlannedWave,
  machines: readonly PlannedMachine[],
  { rates, limits, blackOuts, caps = [], atWindowEnd = 'pause' }: EstimateInput,
  clock: number | null,
): PlacedWave {
  const begins = clock ?? ANY_MONDAY;
  const calendar = new WorkCalendar(window, clock === null ? [] : blackOuts, begins);
  const cap = caps.length === 0 ? null : (bandwidthAt({ caps }, begins).bytesPerSecond ?? NO_CAP);
  const model = new TransferModel(rates, limits, cap);
  const turns = inTurns(machines);
  const positions = new Map(turns.map(({ machine }, position) => [machine.id, position]));
  const transfers = turns.map((planned) => ({
    ...model.transferOf(planned),
    after: planned.after.flatMap((id) => positions.get(id) ?? []),
  }));
  const run = simulateWave(transfers, {
    resources: model.resources,
    machinesAtOnce: limits.machinesAtOnce,
    secondsPerMachine: rates.secondsPerMachine,
    changes: capChanges(caps, calendar, begins),
  });
  const { seconds, heldBack } = run;
  // What a cap lets never through has no end that could be told.
  const spans = run.spans.map(({ start, end }) => ({
    start: Math.min(start, seconds),
    end: Math.min(end, seconds),
  }));
  const paused = schedule(seconds, clock, window, blackOuts);
  const endless = run.spans.some(({ end }) => end === Number.POSITIVE_INFINITY);
  const last = atWindowEnd === 'finish' ? lastEnd(spans, calendar) : null;
  const placed = { ...paused, endsAt: paused.endsAt === null || endless ? null : (last ?? paused.endsAt) };
  return {
    wave: {
      wave: name,
      machines: machines.length,
      bytes: transfers.reduce((sum, { bytes }) => sum + bytes, 0),
      seconds,
      startsAt: isoOf(placed.startsAt),
      endsAt: isoOf(placed.endsAt),
      windows: placed.windows,
      bottleneck: bottleneck([heldBack], seconds, placed.idleSeconds),
    },
    machines: spans.map(({ start, end }, index) => ({
      machineId: transfers[index]?.machineId ?? '',
      wave: name,
      startSeconds: start,
      seconds: end - start,
    })),
    heldBack,
    schedule: placed,
  };
}

/** Of machines that are finished once they have begun; null without any. */
function lastEnd(
  spans: readonly { readonly start: number; readonly end: number }[],
  calendar: WorkCalendar,
): number | null {
  return spans.reduce<number | null>((last, { start, end }) => {
    const own = Math.round(calendar.instantOf(start) + (end - start) * 1000);
    return Math.max(last ?? own, own);
  }, null);
}

/** When the cap, the first resource, changes. */
function* capChanges(
  caps: readonly BandwidthCap[],
  calendar: WorkCalendar,
  begins: number,
): Generator<CapacityChange> {
  for (const { at, bytesPerSecond } of bandwidthChanges({ caps }, calendar, begins)) {
    yield { at, resource: 0, capacity: bytesPerSecond ?? NO_CAP };
  }
}

/** The window when it idles for longer than there is work; else what held the work back longest. */
function bottleneck(parts: readonly HeldBack[], seconds: number, idleSeconds: number): Bottleneck {
  if (idleSeconds > seconds) return 'window';
  const kinds = ['source', 'network', 'threads', 'target', 'machines'] as const;
  const total = (kind: (typeof kinds)[number]) => parts.reduce((sum, part) => sum + part[kind], 0);
  return kinds.reduce((worst, kind) => (total(kind) > total(worst) ? kind : worst));
}

function instantOf(start: string | null): number | null {
  if (start === null) return null;
  const instant = Date.parse(start);
  if (!Number.isNaN(instant)) return instant;
  throw new XenferryError('CONFIG_INVALID', `"${start}" is no date with time`, {
    hint: 'Write the start as in 2026-11-27T22:00:00+01:00.',
  });
}

function isoOf(instant: number | null): string | null {
  return instant === null ? null : new Date(instant).toISOString();
}
