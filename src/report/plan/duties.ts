import { formatBytes } from '../../model/format.js';
import type { PlannedMachine, PlannedProfile } from '../../model/plan.js';
import { count } from '../html-elements.js';
import type { ConcernGroup } from './concern-groups.js';
import { networkMappings } from './mappings.js';
import type { PlanPage } from './page-context.js';
import { shortage, storageName } from './shortage.js';

/** Something that the plan leaves to people. */
export interface Duty {
  readonly what: string;
  /** Whom or what it is about, and why. */
  readonly about: string | null;
}

/** More names than this are counted, not listed. */
const SHOWN_NAMES = 6;

/** What is to be done before anything is moved. */
export function dutiesBefore({ plan, groups }: PlanPage): Duty[] {
  const networks = new Set(networkMappings(plan).flatMap(({ to, mapped }) => (mapped ? [] : [to])));
  return [
    ...groups.flatMap(concernDuty),
    ...plan.estimate.storage.flatMap((estimate): Duty[] => {
      const short = shortage(estimate);
      const name = storageName(estimate.storage);
      if (short === null) {
        return [
          {
            what: `Check the free space of ${name}.`,
            about: `${formatBytes(estimate.bytes)} needed at most`,
          },
        ];
      }
      return short === 0
        ? []
        : [{ what: `Make room on ${name}.`, about: `${formatBytes(short)} too little` }];
    }),
    ...(plan.estimate.stagingBytes === 0
      ? []
      : [
          {
            what: `Keep ${formatBytes(plan.estimate.stagingBytes)} free beside the target while the plan runs.`,
            about: 'for disks that are unpacked first',
          },
        ]),
    ...(networks.size === 0
      ? []
      : [
          {
            what: 'Make sure that the target has these networks, or map them.',
            about: listed([...networks]),
          },
        ]),
  ];
}

/** What is to be done once machines are moved. */
export function dutiesAfter({ plan: { machines } }: PlanPage): Duty[] {
  if (machines.length === 0) return [];
  return [
    {
      what: 'Shut the originals down before the moved machines start.',
      about: 'they have the same names and addresses',
    },
    ...forSome(
      'Start the machines in their start order, which the annex names.',
      machines.filter(({ startOrder }) => startOrder !== null),
    ),
    ...forSome(
      'Tell whoever goes by MAC addresses (DHCP, firewalls, licences) of the new ones.',
      machines.filter(({ machine, nics }) =>
        nics.some(({ mac }, index) => mac === null || mac !== machine.nics[index]?.mac),
      ),
    ),
    ...limitDuties(machines),
  ];
}

function forSome(what: string, machines: readonly PlannedMachine[]): Duty[] {
  return machines.length === 0 ? [] : [{ what, about: listed(machines.map(({ machine }) => machine.name)) }];
}

/** What holds for every guest of a family, once per family. */
function limitDuties(machines: readonly PlannedMachine[]): Duty[] {
  const families = new Map<string, { readonly profile: PlannedProfile; machines: number }>();
  for (const { profile } of machines) {
    const family = families.get(profile.id) ?? { profile, machines: 0 };
    family.machines += 1;
    families.set(profile.id, family);
  }
  return [...families.values()].flatMap(({ profile, machines: number }) =>
    profile.limits.map((what) => ({ what, about: `${profile.title}, ${count(number, 'machine')}` })),
  );
}

/** A concern that the plan does nothing about by itself and that nobody waived. */
function concernDuty({ id, severity, remedy, fix, findings }: ConcernGroup): Duty[] {
  const open = findings.filter(({ waived }) => waived === null);
  if (severity === 'information' || fix !== null || open.length === 0) return [];
  const names = new Set(open.flatMap(({ subjects }) => subjects.map(({ name }) => name)));
  return [{ what: remedy, about: `${id}: ${listed([...names])}` }];
}

function listed(names: readonly string[]): string {
  const more = names.length - SHOWN_NAMES;
  // Two more names take no more room than saying that there are two.
  if (more <= 2) return names.join(', ');
  return `${names.slice(0, SHOWN_NAMES).join(', ')} and ${more} more`;
}
