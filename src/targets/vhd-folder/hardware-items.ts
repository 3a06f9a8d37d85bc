import type { PlannedMachine, PlannedNic } from '../../model/plan.js';
import { MIB } from '../../model/units.js';
import { CD_DEVICE, deviceNumber } from '../machine-facts.js';
import { element, type XmlElement } from './xml.js';

/** CIM_ResourceAllocationSettingData.ResourceType. */
const TYPE = { processor: 3, memory: 4, ide: 5, scsi: 6, network: 10, cd: 15, disk: 17 } as const;

const INSTANCE = {
  processor: 1,
  memory: 2,
  ide: 3,
  cd: 4,
  firstController: 10,
  firstNic: 1_000,
  firstDisk: 10_000,
};

/** A SCSI bus has sixteen places, of which the controller itself takes one. */
const CONTROLLER_UNIT = 7;
const DISKS_PER_CONTROLLER = 15;

/** The disk's id in the descriptor. XenCenter looks for ids as parts of text: none may be another's beginning. */
export function diskId(index: number): string {
  return `disk-${String(index + 1).padStart(4, '0')}`;
}

/**
 * The items of a VirtualHardwareSection (DSP0243 1.1, §8.3). `Connection` of drives is XenCenter's: the device number
 * of the VBD, without which it gives out its own.
 */
export function hardwareItems({ machine, nics, coresPerSocket }: PlannedMachine): XmlElement[] {
  const memoryMib = Math.ceil(machine.memoryBytes / MIB);
  const controllers = Math.ceil(machine.disks.length / DISKS_PER_CONTROLLER);
  return [
    item(
      {
        AllocationUnits: 'hertz * 10^6',
        ElementName: `${machine.cpus} CPUs`,
        InstanceID: INSTANCE.processor,
        ResourceType: TYPE.processor,
        VirtualQuantity: machine.cpus,
      },
      [element('vmw:CoresPerSocket', { 'ovf:required': 'false' }, String(coresPerSocket))],
    ),
    item({
      AllocationUnits: 'byte * 2^20',
      ElementName: `${memoryMib} MiB of memory`,
      InstanceID: INSTANCE.memory,
      ResourceType: TYPE.memory,
      VirtualQuantity: memoryMib,
    }),
    item({ Address: 0, ElementName: 'IDE 0', InstanceID: INSTANCE.ide, ResourceType: TYPE.ide }),
    item({
      AddressOnParent: 0,
      AutomaticAllocation: 'false',
      Connection: `device=${CD_DEVICE}`,
      ElementName: 'CD drive',
      InstanceID: INSTANCE.cd,
      Parent: INSTANCE.ide,
      ResourceType: TYPE.cd,
    }),
    ...Array.from({ length: controllers }, (_, bus) => controllerItem(bus)),
    ...machine.disks.map((_, index) => diskItem(index)),
    ...nics.map((nic, index) => nicItem(nic, index, machine.nics[index]?.connected ?? true)),
  ];
}

function controllerItem(bus: number): XmlElement {
  return item({
    Address: bus,
    ElementName: `SCSI ${bus}`,
    InstanceID: INSTANCE.firstController + bus,
    ResourceSubType: 'lsilogic',
    ResourceType: TYPE.scsi,
  });
}

function diskItem(index: number): XmlElement {
  const bus = Math.floor(index / DISKS_PER_CONTROLLER);
  const place = index % DISKS_PER_CONTROLLER;
  return item({
    AddressOnParent: place < CONTROLLER_UNIT ? place : place + 1,
    Connection: `device=${deviceNumber(index)},bootable=${index === 0}`,
    ElementName: `Disk ${index + 1}`,
    HostResource: `ovf:/disk/${diskId(index)}`,
    InstanceID: INSTANCE.firstDisk + index,
    Parent: INSTANCE.firstController + bus,
    ResourceType: TYPE.disk,
  });
}

function nicItem({ network, mac }: PlannedNic, index: number, connected: boolean): XmlElement {
  return item({
    ...(mac === null ? {} : { Address: mac }),
    AutomaticAllocation: String(connected),
    Connection: network,
    ElementName: `Network card ${index + 1}`,
    InstanceID: INSTANCE.firstNic + index,
    ResourceSubType: 'E1000',
    ResourceType: TYPE.network,
  });
}

/** The schema wants the fields in alphabetical order. */
function item(
  fields: Readonly<Record<string, string | number>>,
  more: readonly XmlElement[] = [],
): XmlElement {
  const names = Object.keys(fields).sort();
  return element('Item', {}, [
    ...names.map((name) => element(`rasd:${name}`, {}, String(fields[name]))),
    ...more,
  ]);
}
