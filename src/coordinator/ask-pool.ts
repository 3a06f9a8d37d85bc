import type { Profile } from '../guests/profiles/index.js';
import { Ledger } from '../ledger/index.js';
import type { PoolDestination } from '../model/destination.js';
import { isBlocking, type Plan, type PlannedMachine } from '../model/plan.js';
import {
  findOwned,
  type PoolFacts,
  type PoolView,
  readPool,
  readPoolFacts,
  resolvePool,
} from '../targets/xapi-pool/index.js';
import { connectPool, type XapiClient } from '../xapi/index.js';
import { jobMarks } from './job-marks.js';
import { poolSettingsConcerns } from './pool-settings-concerns.js';
import { withPlannedNetworks } from './ready-networks.js';

/** What a pool says before anything is done to it. */
export interface AskedPool {
  readonly facts: PoolFacts;
  readonly view: PoolView;
  /** Whether an earlier run into the target folder brought the machine there. */
  readonly hasMachine: (machineId: string) => boolean;
}

/**
 * Changes nothing. `target`: absolute path of the target folder, whose ledger tells what is there unless another is
 * given. Rejects with CONFIG_INVALID, POOL_*, LEDGER_INVALID.
 */
export async function askPool(
  destination: PoolDestination,
  target: string,
  ledger: Ledger | null = null,
): Promise<AskedPool> {
  const client = await connectPool(destination);
  try {
    const [facts, view, hasMachine] = await Promise.all([
      readPoolFacts(client),
      readPool(client),
      ledger === null ? machinesOfTarget(client, target) : machinesThere(client, ledger, target),
    ]);
    return { facts, view, hasMachine };
  } finally {
    await client.close();
  }
}

/** The plan with what stands against it in the pool. */
export function judgeByPool(plan: Plan, profiles: readonly Profile[], { view, hasMachine }: AskedPool): Plan {
  const { destination } = plan;
  if (destination.kind !== 'pool') return plan;
  const coming = plan.machines.filter(
    ({ machine, concerns }) => !concerns.some(isBlocking) && !hasMachine(machine.id),
  );
  const { concerns, poolConcerns } = resolvePool(
    coming,
    profiles,
    withPlannedNetworks(view, destination.newNetworks),
  );
  const machines = plan.machines.map((planned): PlannedMachine => {
    const found = concerns.get(planned.machine.id);
    return found === undefined ? planned : { ...planned, concerns: [...planned.concerns, ...found] };
  });
  return {
    ...plan,
    machines,
    concerns: [...plan.concerns, ...poolSettingsConcerns(destination, view), ...poolConcerns],
  };
}

async function machinesOfTarget(client: XapiClient, target: string): Promise<(machineId: string) => boolean> {
  if (!Ledger.existsIn(target)) return () => false;
  const ledger = await Ledger.openForReading({ folder: target });
  try {
    return await machinesThere(client, ledger, target);
  } finally {
    await ledger.close();
  }
}

async function machinesThere(
  client: XapiClient,
  ledger: Ledger,
  target: string,
): Promise<(machineId: string) => boolean> {
  const marks = await jobMarks(ledger, target);
  if (marks === null) return () => false;
  const owned = await findOwned(client, marks.prefix);
  const whole = new Set(owned.flatMap(({ kind, locked, jobId }) => (kind === 'vm' && !locked ? jobId : [])));
  return (machineId) => whole.has(marks.ofMachine(machineId));
}
