import type { Profile } from '../../guests/profiles/index.js';
import type { PlannedMachine } from '../../model/plan.js';
import type { Device, Disk, VirtualMachine } from '../../model/virtual-machine.js';
import type { TargetFacts } from '../migration-file/schema.js';
import type { SharedResources } from './shared-resources.js';

/** What rules are told beside the machine itself; the same for all machines of a plan. */
export interface PlanContext {
  /** The migration file's `target`; undefined where it says nothing of it. */
  readonly target: TargetFacts | undefined;
  /** How many mappings the migration file has. */
  readonly mappings: { readonly networks: number; readonly storage: number };
  readonly shared: SharedResources;
  /** ISO date (`2026-11-27`) from which ages are counted. */
  readonly today: string;
}

export type Facts = Readonly<Record<string, unknown>>;

/** The target as rules see it: every field is there, null where nothing is known. */
export function targetFacts(target: TargetFacts | undefined): Facts {
  return {
    product: target?.product ?? null,
    release: target?.release ?? null,
    secureBootCertificates: target?.secureBootCertificates ?? null,
    hosts: target?.hosts ?? null,
    storage: target?.storage ?? null,
    networks: target?.networks ?? null,
    into: target?.pool === undefined ? (target?.into ?? null) : 'pool',
  };
}

/** The variables of rules about a machine; those about a part of it have that part as well. */
export function machineFacts(
  planned: PlannedMachine,
  profile: Profile,
  target: Facts,
  { mappings, shared, today }: PlanContext,
): Facts {
  const { machine, name, output, disks, nics, coresPerSocket, wave, startOrder, startDelaySeconds, live } =
    planned;
  return {
    vm: machine,
    planned: {
      name,
      output,
      disks,
      nics,
      coresPerSocket,
      wave,
      startOrder,
      startDelaySeconds,
      dataBytes: planned.dataBytes,
      certainBytes: planned.certainBytes,
      live: live === null ? null : { move: live.move, read: live.read, changes: live.changes },
      gpus: gpuCount(machine),
      sameName: shared.withName(planned),
      sameUuid: shared.withUuid(planned),
      repeatedMacs: repeatedMacs(planned, shared),
    },
    profile,
    target,
    mappings,
    today,
  };
}

/** GPUs, or slices of them, that the machine has to itself; VMware's 3D without a card behind it is none. */
export function gpuCount({ devices }: VirtualMachine): number {
  return devices.filter(isGpu).length;
}

/** NVIDIA and AMD make the cards that are handed to machines; PCI calls them 10de and 1002. */
function isGpu({ kind, backing }: Device): boolean {
  if (backing === null) return false;
  return kind === 'gpu' || (kind === 'pci-passthrough' && /0x(10de|1002)\b|nvidia/i.test(backing));
}

/** MACs of several cards, each with the names of the machines that have it beside this one. */
function repeatedMacs(
  planned: PlannedMachine,
  shared: SharedResources,
): { mac: string; machines: string[] }[] {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { mac } of planned.nics) {
    if (mac === null) continue;
    if (seen.has(mac)) twice.add(mac);
    seen.add(mac);
  }
  return [...seen].flatMap((mac) => {
    const others = shared.withMac(mac, planned);
    if (others.length === 0 && !twice.has(mac)) return [];
    return [{ mac, machines: twice.has(mac) ? [planned.name, ...others] : [...others] }];
  });
}

/** A part of a machine as its rules see it, and how the operator calls it. */
export interface PartFacts {
  readonly label: string;
  readonly facts: Facts;
}

export function diskFacts(planned: PlannedMachine, shared: SharedResources): PartFacts[] {
  return planned.machine.disks.map((disk, index) => {
    const label = `disk ${index + 1} (${disk.file})`;
    return {
      label,
      facts: {
        ...disk,
        index,
        label,
        slot: slotOf(disk),
        planned: planned.disks[index] ?? null,
        sharedWith: shared.withFile(disk, planned),
      },
    };
  });
}

/** How VMX settings call controllers that are not SCSI. */
const CONTROLLERS = new Map([
  ['ide', 'ide'],
  ['ahci', 'sata'],
  ['nvme', 'nvme'],
]);

/** `scsi0:1`, as VMX settings name it. */
function slotOf({ controller, bus, unit }: Disk): string {
  return `${CONTROLLERS.get(controller) ?? 'scsi'}${bus}:${unit}`;
}

export function nicFacts(planned: PlannedMachine, shared: SharedResources): PartFacts[] {
  return planned.machine.nics.map((nic, index) => {
    const label = `network card ${index + 1} (${nic.network})`;
    const target = planned.nics[index] ?? null;
    const sharedWith = shared.withMac(target?.mac ?? null, planned);
    return { label, facts: { ...nic, index, label, planned: target, sharedWith } };
  });
}

export function deviceFacts({ machine }: PlannedMachine): PartFacts[] {
  return machine.devices.map((device, index) => ({
    label: device.label,
    facts: { ...device, index },
  }));
}

export function snapshotFacts({ machine }: PlannedMachine): PartFacts[] {
  return machine.snapshots.map((snapshot, index) => {
    const label = `snapshot "${snapshot.name}"`;
    return { label, facts: { ...snapshot, index, label } };
  });
}

export function volumeFacts({ machine }: PlannedMachine): PartFacts[] {
  return machine.guest.volumes.map((volume, index) => {
    const label = `volume ${volume.path}`;
    return { label, facts: { ...volume, index, label } };
  });
}
