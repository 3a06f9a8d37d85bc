import { pauseFor } from '../../../model/abort.js';
import { firstFailure } from '../../../model/errors.js';
import type { Ref, XapiClient } from '../../../xapi/index.js';
import { type StartChecks, type StartResult, startVm } from './start-vm.js';

export interface StartableVm {
  readonly vm: Ref;
  readonly name: string;
  /** Lower ones first, equal ones together; within its appliance. */
  readonly order: number;
  /** What comes after it waits for so long at least. */
  readonly startDelaySeconds: number;
  /** Null for none. */
  readonly appliance: Ref | null;
}

/** `held-back`: one that it builds on did not start. */
export type StartOutcome = StartResult | { readonly state: 'held-back'; readonly reason: string };

/** Of one VM: when it is begun, and what came of it. */
export type StartObserver = (machine: StartableVm, outcome: StartOutcome | 'starting') => void;

/**
 * Starts VMs in their order and checks each. The next order begins when the checks of the one before are done and its
 * delays are over. In an appliance, nothing is begun after an order of which one failed; appliances do not wait for
 * each other, and VMs without one hold nothing back. Returns outcomes in the order of `machines`. Rejects with CANCELED
 * alone; what was begun then goes on.
 */
export async function startInOrder(
  client: XapiClient,
  machines: readonly StartableVm[],
  checks: StartChecks,
  signal: AbortSignal,
  observe: StartObserver,
): Promise<readonly StartOutcome[]> {
  const outcomes = new Map<StartableVm, StartOutcome>();
  const tell = (machine: StartableVm, outcome: StartOutcome) => {
    outcomes.set(machine, outcome);
    observe(machine, outcome);
  };
  const start = async (machine: StartableVm) => {
    observe(machine, 'starting');
    tell(machine, await startVm(client, machine.vm, checks, signal));
  };
  const appliances = [...grouped(machines, ({ appliance }) => appliance)];
  await allSettled(
    appliances.map(async ([appliance, members]) => {
      let failed: string | null = null;
      for (const group of inOrder(members)) {
        if (failed !== null) {
          const reason = `${failed} is not up`;
          for (const machine of group) tell(machine, { state: 'held-back', reason });
          continue;
        }
        const delay = Math.max(...group.map(({ startDelaySeconds }) => startDelaySeconds));
        const waited = pauseFor(delay * 1000 * client.patience.pauseScale, signal);
        await allSettled([waited, ...group.map(start)]);
        const bad = group.find((machine) => outcomes.get(machine)?.state !== 'started');
        if (appliance !== null) failed = bad?.name ?? null;
      }
    }),
  );
  return machines.flatMap((machine) => outcomes.get(machine) ?? []);
}

function inOrder(machines: readonly StartableVm[]): StartableVm[][] {
  return [...grouped(machines, ({ order }) => order)].sort(([a], [b]) => a - b).map(([, group]) => group);
}

function grouped<K>(
  machines: readonly StartableVm[],
  keyOf: (machine: StartableVm) => K,
): Map<K, StartableVm[]> {
  const groups = new Map<K, StartableVm[]>();
  for (const machine of machines) {
    const group = groups.get(keyOf(machine));
    if (group === undefined) groups.set(keyOf(machine), [machine]);
    else group.push(machine);
  }
  return groups;
}

/** When all have ended, the first failure of any. */
async function allSettled(work: readonly Promise<unknown>[]): Promise<void> {
  const outcomes = await Promise.allSettled(work);
  if (outcomes.some(({ status }) => status === 'rejected')) throw firstFailure(outcomes);
}
