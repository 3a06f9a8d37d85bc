import { XenferryError } from '../../model/errors.js';
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
import { type HeldBack, simulateWave } from '../../transfers/index.js';
import type { TargetFacts } from '../migration-file/schema.js';
import { stagingBytes, storageNeeds } from './storage-needs.js';
import { TransferModel } from './transfer-model.js';
import { type Schedule, schedule } from './window-calendar.js';

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
  readonly target: TargetFacts | undefined;
}

/** A wave played through and put into the calendar. */
interface PlacedWave {
  readonly wave: WaveEstimate;
  readonly machines: readonly MachineEstimate[];
  readonly heldBack: HeldBack;
  readonly schedule: Schedule;
}

/**
 * How long a plan takes and what it needs. Waves come one after the other. In a wave machines start in their order
 * as limits allow, one that has to wait is passed by those that need not, and those that run share sources, network,
 * threads and targets max-min fairly. Data counts as the guest's: what a source stores compressed is read faster than
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
  { rates, limits, blackOuts }: EstimateInput,
  clock: number | null,
): PlacedWave {
  const model = new TransferModel(rates, limits);
  const transfers = machines.map((planned) => model.transferOf(planned));
  const { seconds, spans, heldBack } = simulateWave(transfers, {
    resources: model.resources,
    machinesAtOnce: limits.machinesAtOnce,
    secondsPerMachine: rates.secondsPerMachine,
  });
  const placed = schedule(seconds, clock, window, blackOuts);
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
