import { expect } from 'vitest';
import { MIB } from '../../src/model/units.js';
import type { VirtualMachine } from '../../src/model/virtual-machine.js';
import type { DiskController, MachineSpec } from './vcenter-machines.js';

/** As the inventory calls them. */
const CONTROLLERS: readonly (readonly [DiskController, string])[] = [
  ['pvscsi', 'pvscsi'],
  ['lsilogic', 'lsilogic'],
  ['lsisas', 'lsilogicsas'],
  ['buslogic', 'buslogic'],
  ['sata', 'ahci'],
  ['nvme', 'nvme'],
  ['ide', 'ide'],
];
const NAMES = ['web', 'Bücher & <Söhne>', '日本語 "サーバー"', 'a  b', 'проверка'];
const CARDS = ['VirtualVmxnet3', 'VirtualE1000', 'VirtualE1000e'];

/** A machine that differs from those of all other numbers; `index` up to 60,000. */
export function variedMachine(index: number) {
  const [controller] = CONTROLLERS[index % CONTROLLERS.length] ?? ['pvscsi'];
  return {
    name: `${NAMES[index % NAMES.length]} ${index}`,
    cpus: 1 + (index % 8),
    memoryMiB: 256 + index * 4,
    firmware: index % 3 === 0 ? 'efi' : 'bios',
    secureBoot: index % 6 === 0,
    annotation: `number ${index}\n${NAMES[index % NAMES.length]}`,
    guestId: index % 2 === 0 ? 'debian11_64Guest' : 'windows2019srv_64Guest',
    changeTracking: index % 4 === 0,
    disks: Array.from({ length: 1 + (index % 3) }, (__, disk) => ({
      capacity: (1 + index + disk) * MIB,
      controller,
      ...(index % 5 === 0 && { mode: 'independent_persistent' }),
    })),
    nics: Array.from({ length: index % 3 }, (__, nic) => ({
      model: CARDS[index % CARDS.length] ?? '',
      mac: `00:50:56:${hexByte(0x10 + nic)}:${hexByte(index >> 8)}:${hexByte(index)}`,
      connected: index % 2 === 0,
    })),
    ...(index % 10 === 0 && {
      running: true,
      tools: true,
      hostName: `host-${index}`,
      fullName: 'Debian GNU/Linux 11 (64-bit)',
      addresses: index % 3 === 0 ? [] : [[`10.0.${index >> 8}.${index & 255}/16`, `2001:db8::${index}/64`]],
    }),
  } satisfies MachineSpec;
}

export type VariedMachine = ReturnType<typeof variedMachine>;

export function variedMachines(count: number): VariedMachine[] {
  return Array.from({ length: count }, (_, index) => variedMachine(index));
}

function hexByte(number: number): string {
  return (number & 255).toString(16).padStart(2, '0');
}

/** What of a machine its making decides. */
export function asMade(machine: VirtualMachine) {
  const { name, cpus, memoryBytes, firmware, secureBoot, description, guestOs, powerState, features } =
    machine;
  return {
    name,
    cpus,
    memoryMiB: memoryBytes / MIB,
    firmware,
    secureBoot,
    annotation: description,
    guestId: guestOs,
    changeTracking: features.changeTracking,
    power: powerState,
    disks: machine.disks.map(({ capacityBytes, controller, mode, thin, datastore, location }) => ({
      capacityBytes,
      controller,
      mode,
      thin,
      datastore,
      path: location?.kind === 'datastore' ? location.path : null,
    })),
    nics: machine.nics.map(({ network, mac, adapter, connected, staticMac }) => ({
      network,
      mac,
      adapter,
      connected,
      staticMac,
    })),
    guest: [machine.guest.hostName, machine.guest.reportedOs, machine.guest.tools],
    addresses: machine.guest.addresses,
  };
}

export function asWanted(spec: VariedMachine): ReturnType<typeof asMade> {
  const { name, cpus, memoryMiB, firmware, secureBoot, annotation, guestId, changeTracking } = spec;
  const isRunning = 'running' in spec;
  return {
    name,
    cpus,
    memoryMiB,
    firmware: firmware === 'efi' ? 'efi' : 'bios',
    secureBoot,
    annotation,
    guestId,
    changeTracking,
    power: isRunning ? 'on' : 'off',
    disks: spec.disks.map((disk, index) => ({
      capacityBytes: disk.capacity,
      controller: CONTROLLERS.find(([kind]) => kind === disk.controller)?.[1] ?? '',
      mode: 'mode' in disk ? 'independent_persistent' : 'persistent',
      thin: true,
      datastore: 'LocalDS_0',
      path: `${name}/${name}${index === 0 ? '' : `_${index}`}.vmdk`,
    })),
    nics: spec.nics.map(({ model, mac, connected }) => ({
      network: 'VM Network',
      mac,
      adapter: model.replace('Virtual', '').toLowerCase(),
      connected,
      staticMac: true,
    })),
    guest: isRunning
      ? [spec.hostName ?? null, spec.fullName ?? null, 'running']
      : [null, null, expect.anything()],
    addresses:
      isRunning && spec.nics.length > 0
        ? (spec.addresses?.[0] ?? []).map((one) => one.replace(/\/.*/, ''))
        : [],
  };
}
