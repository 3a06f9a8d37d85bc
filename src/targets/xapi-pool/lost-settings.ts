import { formatBytes } from '../../model/format.js';
import type { PlannedMachine } from '../../model/plan.js';
import type { DeviceKind, VirtualMachine, VmwareFeatures } from '../../model/virtual-machine.js';

/** Devices that a VM of Xen does not get, with what becomes of each; the others have notes of their own, or none. */
const LOST_DEVICES: Readonly<Partial<Record<DeviceKind, string>>> = {
  floppy: 'Xen has none',
  nvdimm: 'Xen has none; what is in it does not come along',
  parallel: 'Xen has none',
  serial: "connect to the console, or set other_config's hvm_serial by hand",
  sound: 'Xen has none',
  'usb-controller': 'a host hands USB devices over one by one',
  usb: "assign the host's by hand",
  watchdog: 'Xen has none',
  other: 'Xen does not know it',
};

/** Features that Xen has not, or that have to be set up anew, as sentences about a machine that has them. */
const LOST_FEATURES: readonly (readonly [keyof VmwareFeatures, string])[] = [
  ['cpuHotAdd', 'CPUs cannot be added while it runs.'],
  ['memoryHotAdd', 'Memory cannot be added while it runs.'],
  ['cpuAffinity', 'CPUs are not pinned: set VCPUs_params:mask by hand.'],
  ['numaAffinity', 'NUMA nodes are not pinned.'],
  ['faultTolerance', 'Fault tolerance has no counterpart.'],
  ['drs', 'Hosts are not balanced by rules.'],
  ['nestedVirtualization', 'Nested virtualization is not on.'],
  ['virtualizationBasedSecurity', "Windows' virtualization-based security cannot start: it needs nesting."],
  ['latencySensitive', 'The latency sensitivity is lost.'],
  ['confidentialComputing', 'Memory is not encrypted against the host.'],
  ['diskUuids', 'Disks have other serial numbers, which the guest may know them by.'],
];

/** What a machine had at VMware and its VM has not, one sentence each. */
export function lostSettings(planned: PlannedMachine): string[] {
  const { machine } = planned;
  return [
    ...firmware(machine),
    ...disks(machine),
    ...networkCards(machine),
    ...devices(planned),
    ...features(planned),
    ...reservations(machine),
  ];
}

function* firmware({ nvram, firmware: kind, uuid, snapshots }: VirtualMachine): Generator<string> {
  if (nvram !== null && kind === 'efi') {
    yield "The firmware's variables are the pool's defaults: VMware's are of another form.";
  }
  if (uuid !== null) yield 'The UUID is a new one: a pool gives its own.';
  if (snapshots.length > 0)
    yield `Its ${snapshots.length} snapshots are left out: the present state came along.`;
}

function* disks({ disks: all }: VirtualMachine): Generator<string> {
  for (const [index, { shared, rawDevice, mode }] of all.entries()) {
    if (shared) yield `Disk ${index} is a copy of its own: other machines do not share it any more.`;
    if (rawDevice !== null) yield `Disk ${index} is a copy of the LUN, which nothing writes to any more.`;
    if (mode.includes('nonpersistent') || mode === 'undoable') {
      yield `Disk ${index} keeps what is written to it: Xen has no mode ${mode}.`;
    } else if (mode.startsWith('independent')) yield `Disk ${index} is part of snapshots.`;
  }
}

function* networkCards({ nics }: VirtualMachine): Generator<string> {
  for (const [index, { connected, addresses, adapter }] of nics.entries()) {
    if (!connected) yield `Network card ${index} was not connected; it is now.`;
    if (adapter === 'sriov') yield `Network card ${index} is a plain one, without SR-IOV.`;
    const ipv6 = addresses.filter((address) => address.includes(':'));
    if (ipv6.length > 0) {
      yield `Network card ${index} keeps ${ipv6.join(', ')} only if the guest has it set: the pool cannot.`;
    }
  }
}

function* devices({ machine, gpuGroup, pci }: PlannedMachine): Generator<string> {
  for (const { kind, label, backing } of machine.devices) {
    const assigned = kind === 'gpu' ? gpuGroup !== null || pci.length > 0 : pci.length > 0;
    const reason = LOST_DEVICES[kind];
    if (kind === 'gpu' || kind === 'pci-passthrough') {
      if (!assigned) yield `${label} is left out: name one of the target's in the migration file.`;
    } else if (kind === 'cdrom') {
      if (backing !== null) yield `${label} is empty: ${backing} did not come along.`;
    } else if (reason !== undefined) yield `${label} is left out: ${reason}.`;
  }
}

function* features({ machine, homeHost, haPriority }: PlannedMachine): Generator<string> {
  for (const [feature, sentence] of LOST_FEATURES) {
    if (machine.features[feature] === true) yield sentence;
  }
  if (machine.features.hostAffinity === true && homeHost === null) yield 'It prefers no host.';
  if (machine.features.highAvailability === true && haPriority === null) {
    yield 'High availability does not restart it: the migration file gives it no haPriority.';
  }
}

function* reservations({ features: known, settings }: VirtualMachine): Generator<string> {
  const { cpuReservationMhz, memoryReservationBytes } = known;
  if ((cpuReservationMhz ?? 0) > 0)
    yield `The reservation of ${cpuReservationMhz} MHz is lost: set a weight by hand.`;
  if ((memoryReservationBytes ?? 0) > 0) {
    yield `The reservation of ${formatBytes(memoryReservationBytes ?? 0)} of memory is not needed: it has all of it always.`;
  }
  for (const [what, key] of [
    ['CPU', 'sched.cpu.max'],
    ['memory', 'sched.mem.max'],
  ] as const) {
    const limit = settings[key];
    if (limit !== undefined && /^\d+$/.test(limit)) yield `The ${what} limit (${key}) is lost.`;
  }
}
