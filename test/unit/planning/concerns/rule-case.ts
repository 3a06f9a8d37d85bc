import type { Concern, PlannedMachine } from '../../../../src/model/plan.js';
import type {
  Device,
  Disk,
  GuestFacts,
  Nic,
  VirtualMachine,
  VmwareFeatures,
} from '../../../../src/model/virtual-machine.js';
import { UNKNOWN_FEATURES, UNKNOWN_GUEST } from '../../../../src/model/virtual-machine.js';
import {
  type CompiledRule,
  type PlanContext,
  type PlanFacts,
  RuleBook,
  SharedResources,
} from '../../../../src/planning/concerns/index.js';
import type { TargetFacts } from '../../../../src/planning/migration-file/schema.js';
import { testDisk, testMachine, testNic, testPlanned, testProfile } from '../../../support/machines.js';

/** A machine, or a plan, that a rule is asked about. */
export interface RuleCase {
  readonly vm?: Partial<VirtualMachine>;
  readonly planned?: Partial<PlannedMachine>;
  /** Fields beside those of the test's Debian profile. */
  readonly profile?: Readonly<Record<string, unknown>>;
  readonly target?: TargetFacts;
  readonly mappings?: Partial<PlanContext['mappings']>;
  /** Machines of the same plan. */
  readonly others?: readonly PlannedMachine[];
  readonly plan?: Partial<PlanFacts>;
}

/** What makes a rule speak and what it says; and what is close to it and leaves it silent. */
export interface RuleCases {
  readonly fires: RuleCase & { readonly says: string; readonly about?: string; readonly severity?: string };
  readonly silent: RuleCase | readonly RuleCase[];
}

export type CasesById = Readonly<Record<string, RuleCases>>;

const TODAY = '2026-11-27';

const PROFILE = testProfile({ pvDrivers: { from: 'guest tools', note: 'Come with the guest tools.' } });

export const NO_PLAN: PlanFacts = {
  machines: 1,
  unreadable: 0,
  listedOnly: 0,
  blocked: 0,
  totals: { memoryBytes: 0, cpus: 0, gpus: 0, disks: 0, dataBytes: 0 },
  pool: null,
  storage: [],
  networks: [],
  repeatedNames: [],
  unmatched: { selectors: [], overrides: [], names: [] },
  waves: [],
};

/** All concerns that rules find on a case: the machine's, then the plan's. */
export function concernsOf(rules: readonly CompiledRule[], given: RuleCase): Concern[] {
  const planned = testPlanned(testMachine({ nics: [testNic()], ...given.vm }), given.planned);
  const book = ruleBook(rules, [planned, ...(given.others ?? [])], given);
  return [
    ...book.machineConcerns(planned, { ...PROFILE, ...given.profile }),
    ...book.planConcerns({ ...NO_PLAN, ...given.plan }),
  ];
}

export function ruleBook(
  rules: readonly CompiledRule[],
  machines: readonly PlannedMachine[],
  { target, mappings }: Pick<RuleCase, 'target' | 'mappings'> = {},
): RuleBook {
  return new RuleBook(rules, {
    target,
    mappings: { networks: 0, storage: 0, ...mappings },
    shared: new SharedResources(machines),
    today: TODAY,
  });
}

export const disks = (...changes: readonly Partial<Disk>[]) => ({ disks: changes.map(testDisk) });
export const manyDisks = (count: number) => ({ disks: Array.from({ length: count }, () => testDisk()) });
export const nics = (...changes: readonly Partial<Nic>[]) => ({
  nics: changes.map((change, index) => testNic({ mac: `00:50:56:00:00:0${index + 1}`, ...change })),
});
export const features = (changes: Partial<VmwareFeatures>) => ({
  features: { ...UNKNOWN_FEATURES, ...changes },
});
export const guest = (changes: Partial<GuestFacts>) => ({ guest: { ...UNKNOWN_GUEST, ...changes } });
export const devices = (...changes: readonly Partial<Device>[]) => ({
  devices: changes.map(
    (change): Device => ({ kind: 'other', label: 'device', connected: true, backing: null, ...change }),
  ),
});
/** A host of the target with 64 GiB, 16 CPUs and no GPU. */
export const host = (changes: Partial<NonNullable<TargetFacts['hosts']>[number]> = {}) => ({
  hosts: [{ name: 'xen1', memoryGiB: 64, cpus: 16, gpus: 0, ...changes }],
});
/** The storage repository "SR 1" of the target, thin with 1000 GiB free. */
export const repository = (changes: Partial<NonNullable<TargetFacts['storage']>[number]> = {}) => ({
  storage: [
    { name: 'SR 1', freeGiB: 1000, provisioning: 'thin' as const, format: 'vhd' as const, ...changes },
  ],
});
/** A plan that puts the machine's only disk on a repository. */
export const onStorage = (storage: string | null, dataBytes = 0) => ({
  disks: [{ dataBytes, certainBytes: 0, storage }],
});
/** A plan that connects the machine's only card. */
export const onNetwork = (network: string, mapped = false, mac: string | null = null) => ({
  nics: [{ network, mapped, mac }],
});
