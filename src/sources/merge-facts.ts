import { formatBytes } from '../model/format.js';
import type { Problem } from '../model/inventory.js';
import type {
  Disk,
  GuestFacts,
  Nic,
  Placement,
  VirtualMachine,
  VmwareFeatures,
} from '../model/virtual-machine.js';
import { problemOf } from './problems.js';

/**
 * An exported machine with what only a list tells of it: where it lives, its guest, snapshots, features, how full its
 * disks are. Where both tell, the export counts; where they differ in what matters, the conflict says so.
 */
export function mergeFacts(
  exported: VirtualMachine,
  listed: VirtualMachine,
): { readonly machine: VirtualMachine; readonly conflict: Problem | null } {
  const sameDisks = exported.disks.length === listed.disks.length;
  const machine: VirtualMachine = {
    ...exported,
    uuid: exported.uuid ?? listed.uuid,
    instanceUuid: exported.instanceUuid ?? listed.instanceUuid,
    objectId: exported.objectId ?? listed.objectId,
    server: exported.server ?? listed.server,
    powerState: exported.powerState ?? listed.powerState,
    template: exported.template || listed.template,
    placeholder: exported.placeholder || listed.placeholder,
    snapshots: exported.snapshots.length > 0 ? exported.snapshots : listed.snapshots,
    placement: mergePlacement(exported.placement, listed.placement),
    guest: mergeGuest(exported.guest, listed.guest),
    features: mergeFeatures(exported.features, listed.features),
    disks: sameDisks
      ? exported.disks.map((disk, index) => mergeDisk(disk, listed.disks[index]))
      : exported.disks,
    nics: mergeNics(exported.nics, listed.nics),
  };
  return { machine, conflict: conflictOf(exported, listed) };
}

function mergePlacement(own: Placement, other: Placement): Placement {
  return {
    datacenter: own.datacenter ?? other.datacenter,
    cluster: own.cluster ?? other.cluster,
    host: own.host ?? other.host,
    folder: own.folder ?? other.folder,
    resourcePool: own.resourcePool ?? other.resourcePool,
    tags: [...new Set([...own.tags, ...other.tags])],
    attributes: { ...other.attributes, ...own.attributes },
  };
}

function mergeGuest(own: GuestFacts, other: GuestFacts): GuestFacts {
  return {
    hostName: own.hostName ?? other.hostName,
    addresses: own.addresses.length > 0 ? own.addresses : other.addresses,
    reportedOs: own.reportedOs ?? other.reportedOs,
    tools: own.tools ?? other.tools,
    volumes: own.volumes.length > 0 ? own.volumes : other.volumes,
  };
}

function mergeFeatures(own: VmwareFeatures, other: VmwareFeatures): VmwareFeatures {
  const told = Object.entries(own).filter(([, value]) => value !== null);
  return { ...other, ...Object.fromEntries(told) };
}

/** Lists have a machine's disks in the order of its controllers, as exports have. */
function mergeDisk(own: Disk, other: Disk | undefined): Disk {
  if (other === undefined || other.capacityBytes !== own.capacityBytes) return own;
  return {
    ...own,
    usedBytes: own.usedBytes ?? other.usedBytes,
    mode: own.mode === 'persistent' ? other.mode : own.mode,
    rawDevice: own.rawDevice ?? other.rawDevice,
    shared: own.shared || other.shared,
    thin: own.thin ?? other.thin,
    datastore: own.datastore ?? other.datastore,
    key: own.key ?? other.key,
  };
}

/** By address, or by place where the export has no addresses, which it has only when asked for. */
function mergeNics(own: readonly Nic[], other: readonly Nic[]): readonly Nic[] {
  const byMac = new Map(other.flatMap((nic) => (nic.mac === null ? [] : [[nic.mac, nic] as const])));
  return own.map((nic, index) => {
    const known =
      nic.mac === null ? (own.length === other.length ? other[index] : undefined) : byMac.get(nic.mac);
    if (known === undefined) return nic;
    return {
      ...nic,
      mac: nic.mac ?? known.mac,
      staticMac: nic.staticMac ?? known.staticMac,
      addresses: nic.addresses.length > 0 ? nic.addresses : known.addresses,
    };
  });
}

function conflictOf(exported: VirtualMachine, listed: VirtualMachine): Problem | null {
  const capacity = ({ disks }: VirtualMachine) =>
    disks.map(({ capacityBytes }) => formatBytes(capacityBytes)).join(' + ') || 'no disk';
  const pairs = [
    ['CPUs', `${exported.cpus}`, `${listed.cpus}`],
    ['memory', formatBytes(exported.memoryBytes), formatBytes(listed.memoryBytes)],
    ['disks', capacity(exported), capacity(listed)],
  ] as const;
  const differing = pairs.filter(([, own, other]) => own !== other);
  if (differing.length === 0) return null;
  const parts = differing.map(([what, own, other]) => `${what} ${own}, the list says ${other}`);
  return problemOf('warning', 'SOURCE_CONFLICT', `the export has ${parts.join('; ')}`, {
    file: exported.source.descriptor,
    machineId: exported.id,
  });
}
