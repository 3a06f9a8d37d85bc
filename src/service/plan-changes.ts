import { formatBytes } from '../model/format.js';
import type { PlanDocument } from './api/plans.js';

type Machine = PlanDocument['machines'][number];

/** So many are told one by one. */
const MOST_TOLD = 20;
/** Data of a machine that runs comes and goes: what is less than this part of it is no change. */
const TOLERANCE = 0.1;

/** What a plan says otherwise than the one before, one sentence each, in what matters to who has looked at that. */
export function planChanges(before: PlanDocument, after: PlanDocument): string[] {
  const [was, is] = [before, after].map(
    ({ machines }) => new Map(machines.flatMap((one) => (one.skipped ? [] : [[one.id, one] as const]))),
  );
  const known = was ?? new Map<string, Machine>();
  const now = is ?? new Map<string, Machine>();
  const found: string[] = [];
  for (const [id, machine] of now) {
    const old = known.get(id);
    if (old === undefined) found.push(`${machine.name} was not in it`);
    else found.push(...machineChanges(old, machine));
  }
  for (const [id, { name }] of known) if (!now.has(id)) found.push(`${name} is no longer in it`);
  const seen = new Set(before.unreadable.map(({ file }) => file));
  for (const { file } of after.unreadable) if (!seen.has(file)) found.push(`${file} cannot be read any more`);
  if (found.length <= MOST_TOLD) return found;
  return [...found.slice(0, MOST_TOLD), `and ${found.length - MOST_TOLD} more`];
}

function machineChanges(before: Machine, { name, ...after }: Machine): string[] {
  const found: string[] = [];
  const tell = (what: string, old: string, now: string) => {
    if (old !== now) found.push(`${name}: ${what} ${now} instead of ${old}`);
  };
  tell('is called', before.name, name);
  tell('goes in wave', before.wave, after.wave);
  tell('has the profile', before.profile, after.profile);
  tell('has fixups', before.fixups, after.fixups);
  tell('has disks:', String(before.disks.length), String(after.disks.length));
  tell('its disks go to', placesOf(before), placesOf(after));
  tell('its networks are', networksOf(before), networksOf(after));
  if (Math.abs(after.dataBytes - before.dataBytes) > TOLERANCE * before.dataBytes) {
    tell('has data of', formatBytes(before.dataBytes), formatBytes(after.dataBytes));
  }
  const known = new Set(blockersOf(before).map(({ id }) => id));
  for (const { id, message } of blockersOf(after)) if (!known.has(id)) found.push(`${name}: ${message}`);
  return found;
}

function placesOf({ disks }: Pick<Machine, 'disks'>): string {
  return disks.map(({ storage }) => storage ?? 'the target folder').join(', ');
}

function networksOf({ nics }: Pick<Machine, 'nics'>): string {
  return nics.map(({ network, mac }) => `${network} (${mac ?? 'new MAC'})`).join(', ') || 'none';
}

/** Concerns that keep a machine from being moved. */
function blockersOf({ concerns }: Pick<Machine, 'concerns'>): PlanDocument['concerns'] {
  return concerns.filter(({ severity, waived }) => severity === 'critical' && waived === null);
}
