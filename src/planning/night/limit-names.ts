import { XenferryError } from '../../model/errors.js';
import type { LimitsByName, PlannedMachine } from '../../model/plan.js';
import type { VirtualMachine } from '../../model/virtual-machine.js';
import { didYouMean } from '../did-you-mean.js';
import type { TargetFacts } from '../migration-file/schema.js';

/** What there is that a limit may name. */
interface Places {
  /** All there are, moved or not. */
  readonly machines: readonly VirtualMachine[];
  readonly planned: readonly Pick<PlannedMachine, 'disks'>[];
  readonly target: TargetFacts | undefined;
}

/**
 * Throws CONFIG_INVALID for a limit on a place that is not there: nothing would ever keep it. What a pool has is known
 * only to the pool, so with one its hosts and repositories go unchecked.
 */
export function refuseUnknownPlaces(limits: LimitsByName, { machines, planned, target }: Places): void {
  refuse('hosts', limits.hosts, () => machines.map(({ placement }) => placement.host));
  refuse('datastores', limits.datastores, () => machines.flatMap(({ disks }) => disks.map(datastoreOf)));
  if (target?.pool !== undefined) return;
  refuse('storage', limits.storage, () => [
    ...(target?.storage ?? []).map(({ name }) => name),
    ...planned.flatMap(({ disks }) => disks.map(({ storage }) => storage)),
  ]);
  refuse('targetHosts', limits.targetHosts, () => (target?.hosts ?? []).map(({ name }) => name));
}

function datastoreOf({ datastore }: VirtualMachine['disks'][number]): string | null {
  return datastore;
}

function refuse(
  kind: keyof LimitsByName,
  limits: Readonly<Record<string, number>>,
  namesOf: () => readonly (string | null)[],
): void {
  const named = Object.keys(limits);
  if (named.length === 0) return;
  const known = new Set(namesOf().flatMap((name) => name ?? []));
  const unknown = named.find((name) => !known.has(name));
  if (unknown === undefined) return;
  const message = `limits.${kind}: no machine has anything to do with ${JSON.stringify(unknown)}`;
  throw new XenferryError('CONFIG_INVALID', `${message}${didYouMean(unknown, [...known])}`, {
    hint: 'Name a place as the inventory has it; xenferry inventory lists them.',
  });
}
