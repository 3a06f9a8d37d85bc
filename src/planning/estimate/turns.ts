import type { PlannedMachine } from '../../model/plan.js';

/** A machine, or a vApp, whose machines have the turn of the best of them. */
interface Party {
  readonly members: PlannedMachine[];
  priority: number;
  deadline: number;
}

/** Machines in the order in which the scheduler takes them: by priority, by deadline, as the plan has them. */
export function inTurns(machines: readonly PlannedMachine[]): PlannedMachine[] {
  const parties = new Map<string, Party>();
  for (const planned of machines) {
    const { machine, priority } = planned;
    const { kind, descriptor } = machine.source;
    const key =
      kind === 'ovf' && machine.startOrder !== null ? `vApp ${descriptor}` : `machine ${machine.id}`;
    const deadline = planned.deadline === null ? Number.POSITIVE_INFINITY : Date.parse(planned.deadline);
    const known = parties.get(key);
    if (known === undefined) parties.set(key, { members: [planned], priority, deadline });
    else {
      known.members.push(planned);
      known.priority = Math.max(known.priority, priority);
      known.deadline = Math.min(known.deadline, deadline);
    }
  }
  const sorted = [...parties.values()].sort(
    (a, b) => b.priority - a.priority || (a.deadline === b.deadline ? 0 : a.deadline - b.deadline),
  );
  return sorted.flatMap(({ members }) => members);
}
