import { formatBytes } from '../../model/format.js';
import type { PlannedDisk, PlannedMachine, PlannedNic } from '../../model/plan.js';
import type { Disk, Nic, VirtualMachine } from '../../model/virtual-machine.js';
import { count } from '../html-elements.js';
import { storageName } from './shortage.js';

/** A part of a machine, as it is and as it will be. */
export interface BeforeAfter {
  readonly part: string;
  readonly before: string;
  readonly after: string;
}

/** All parts of a machine that a plan has a say in, disks and network cards one by one. */
export function beforeAfter(planned: PlannedMachine): BeforeAfter[] {
  const { machine, profile } = planned;
  return [
    { part: 'Name', before: machine.name, after: planned.name },
    {
      part: 'CPUs',
      before: cpus(machine, machine.coresPerSocket),
      after: cpus(machine, planned.coresPerSocket),
    },
    same('Memory', formatBytes(machine.memoryBytes)),
    same('Firmware', firmware(machine)),
    ...(machine.virtualTpm
      ? [{ part: 'TPM', before: 'virtual TPM', after: 'what it holds stays behind' }]
      : []),
    { part: 'Guest', before: guest(machine), after: `profile ${profile.title} (${profile.id})` },
    ...start(planned),
    ...machine.disks.map((disk, index) => ({
      part: `Disk ${index}`,
      before: diskBefore(disk),
      after: diskAfter(planned.disks[index]),
    })),
    ...machine.nics.map((nic, index) => ({
      part: `Network card ${index}`,
      before: nicBefore(nic),
      after: nicAfter(index, nic, planned.nics[index]),
    })),
  ];
}

function same(part: string, value: string): BeforeAfter {
  return { part, before: value, after: value };
}

function cpus({ cpus: number }: VirtualMachine, coresPerSocket: number): string {
  return `${number}, ${count(coresPerSocket, 'core')} per socket`;
}

function firmware({ firmware: kind, secureBoot }: VirtualMachine): string {
  return kind === 'bios' ? 'BIOS' : `UEFI, Secure Boot ${secureBoot ? 'on' : 'off'}`;
}

function guest({ osDescription, guestOs }: VirtualMachine): string {
  if (osDescription === '' || osDescription === guestOs) return guestOs === '' ? 'not told' : guestOs;
  return guestOs === '' ? osDescription : `${osDescription} (${guestOs})`;
}

function start({ machine, startOrder, startDelaySeconds }: PlannedMachine): BeforeAfter[] {
  const before = startWords(machine.startOrder, machine.startDelaySeconds);
  const after = startWords(startOrder, startDelaySeconds);
  return before === null && after === null
    ? []
    : [{ part: 'Start order', before: before ?? 'none', after: after ?? 'none' }];
}

function startWords(order: number | null, delaySeconds: number): string | null {
  if (order === null) return null;
  return delaySeconds === 0 ? String(order) : `${order}, then wait ${delaySeconds} s`;
}

function diskBefore(disk: Disk): string {
  const { capacityBytes, format, datastore, controller, bus, unit, file } = disk;
  return [
    `${formatBytes(capacityBytes)} ${format}`,
    ...(datastore === null ? [] : [`on ${datastore}`]),
    `${controller} ${bus}:${unit}`,
    file,
    ...(disk.rawDevice === null ? [] : [`raw device (${disk.rawDevice})`]),
    ...(disk.shared ? ['shared'] : []),
    ...(disk.encrypted ? ['encrypted'] : []),
    ...(disk.mode === 'persistent' ? [] : [disk.mode.replace('_', ' ')]),
  ].join(', ');
}

function diskAfter(planned: PlannedDisk | undefined): string {
  if (planned === undefined) return 'not planned';
  return `${storageName(planned.storage)}, ${formatBytes(planned.dataBytes)} to move`;
}

function nicBefore({ network, mac, adapter, connected }: Nic): string {
  return [network, mac ?? 'no MAC told', adapter, ...(connected ? [] : ['unplugged'])].join(', ');
}

function nicAfter(index: number, { network }: Nic, planned: PlannedNic | undefined): string {
  const { network: to, mac } = planned ?? { network, mac: null };
  return `VIF ${index}: ${to}, ${mac ?? 'the pool makes a MAC'}`;
}
