import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { open, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { MIB } from '../../src/model/units.js';
import type { GuestFacts, SimulatedVcenter } from './simulated-vcenter.js';
import { escapeXml, type ManagedObject, refXml, textOf, type VcenterCaller } from './vcenter-caller.js';

export type DiskController = 'pvscsi' | 'lsilogic' | 'lsisas' | 'buslogic' | 'sata' | 'nvme' | 'ide';

export interface MachineDisk {
  /** Its size in bytes; that of its content unless told. Whole MiB. */
  readonly capacity?: number;
  /** A raw file, or what the disk begins with. */
  readonly content?: string | Uint8Array;
  readonly controller?: DiskController;
  readonly mode?: string;
  /** A raw device mapping in one of its two modes instead of a file. */
  readonly rawDevice?: 'physicalMode' | 'virtualMode';
  readonly sharing?: string;
}

export interface MachineNic {
  /** As `VirtualVmxnet3`. */
  readonly model?: string;
  /** A standard network, or a distributed port group; `VM Network` unless told. */
  readonly network?: string | { readonly portGroup: string; readonly switchUuid: string };
  readonly mac?: string;
  readonly connected?: boolean;
}

export interface MachineSpec extends Omit<GuestFacts, 'vm'> {
  readonly name: string;
  readonly disks?: readonly MachineDisk[];
  readonly nics?: readonly MachineNic[];
  readonly firmware?: 'bios' | 'efi';
  readonly secureBoot?: boolean;
  readonly cpus?: number;
  readonly coresPerSocket?: number;
  readonly memoryMiB?: number;
  readonly guestId?: string;
  readonly annotation?: string;
  readonly changeTracking?: boolean;
  /** Starts it. */
  readonly running?: boolean;
  readonly datastore?: string;
  readonly folder?: ManagedObject;
  readonly pool?: ManagedObject;
  readonly host?: ManagedObject;
  /** More of VirtualMachineConfigSpec, as XML. */
  readonly more?: string;
  /** More devices, each as the XML of a VirtualDevice with its type. */
  readonly devices?: readonly string[];
}

export interface MadeMachine {
  readonly ref: ManagedObject;
  readonly name: string;
  readonly disks: readonly { readonly key: number; readonly flatFile: string; readonly flatPath: string }[];
}

/** A controller of each kind that ESXi knows: its type, the key it has, and the keys of its disks. */
const CONTROLLERS: Record<
  DiskController,
  { readonly type: string; readonly key: number; readonly firstDisk: number }
> = {
  pvscsi: { type: 'ParaVirtualSCSIController', key: 1000, firstDisk: 2000 },
  lsilogic: { type: 'VirtualLsiLogicController', key: 1001, firstDisk: 2016 },
  lsisas: { type: 'VirtualLsiLogicSASController', key: 1002, firstDisk: 2032 },
  buslogic: { type: 'VirtualBusLogicController', key: 1003, firstDisk: 2048 },
  sata: { type: 'VirtualAHCIController', key: 15000, firstDisk: 16000 },
  nvme: { type: 'VirtualNVMEController', key: 31000, firstDisk: 32000 },
  // Every machine has two of these.
  ide: { type: 'VirtualIDEController', key: 200, firstDisk: 3000 },
};

/** Makes machines over SOAP, eight at a time; their disks are sparse files of the vCenter's datastores. */
export async function createMachines(
  vcenter: SimulatedVcenter,
  caller: VcenterCaller,
  specs: readonly MachineSpec[],
): Promise<MadeMachine[]> {
  const { datastores } = await vcenter.state();
  const place: Place = {
    folder: await caller.find('Folder', 'vm'),
    pool: await caller.find('ResourcePool'),
    datastores: datastores.toSorted((a, b) => a.name.localeCompare(b.name)),
  };
  const made: MadeMachine[] = [];
  const waiting = specs.entries();
  const work = async (): Promise<void> => {
    for (const [index, spec] of waiting) made[index] = await createMachine(vcenter, caller, spec, place);
  };
  await Promise.all(Array.from({ length: 8 }, work));
  return made;
}

interface Place {
  readonly folder: ManagedObject;
  readonly pool: ManagedObject;
  readonly datastores: readonly { readonly name: string; readonly folder: string }[];
}

async function createMachine(
  vcenter: SimulatedVcenter,
  caller: VcenterCaller,
  spec: MachineSpec,
  place: Place,
): Promise<MadeMachine> {
  const store = place.datastores.find(({ name }) => spec.datastore === undefined || name === spec.datastore);
  if (store === undefined) throw new Error(`no datastore ${spec.datastore}`);
  const host = spec.host === undefined ? '' : refXml('host', spec.host);
  const config = `<config>${configXml(spec, store.name)}</config>${refXml('pool', spec.pool ?? place.pool)}${host}`;
  const value = await caller.task('CreateVM_Task', spec.folder ?? place.folder, config);
  const ref = { type: 'VirtualMachine', value };
  const disks = diskPlaces(spec).map(({ key, file }) => {
    const flatFile = `${spec.name}/${file}-flat.vmdk`;
    return { key, flatFile, flatPath: join(store.folder, flatFile) };
  });
  for (const [index, { content }] of (spec.disks ?? []).entries()) {
    const path = disks[index]?.flatPath;
    if (content !== undefined && path !== undefined) await fill(path, content);
  }
  const { tools, shutdownMs, ignoresShutdown, hostName, fullName, addresses } = spec;
  const facts = { tools, shutdownMs, ignoresShutdown, hostName, fullName, addresses };
  if (Object.values(facts).some((fact) => fact !== undefined)) {
    await vcenter.guest(JSON.parse(JSON.stringify({ vm: value, ...facts })));
  }
  if (spec.running === true) await caller.task('PowerOnVM_Task', ref);
  return { ref, name: spec.name, disks };
}

/** Zeros of this many bytes are left out. */
const HOLE = 65_536;
const ZEROS = Buffer.alloc(HOLE);

/** Puts content where the simulator has made a sparse file, whose size stays as it is. */
async function fill(path: string, content: string | Uint8Array): Promise<void> {
  const file = await open(path, 'r+');
  const { size } = await file.stat();
  if (typeof content !== 'string') {
    for (let at = 0; at < content.length; at += HOLE) {
      const piece = Buffer.from(content.subarray(at, at + HOLE));
      if (!piece.equals(ZEROS.subarray(0, piece.length))) await file.write(piece, 0, piece.length, at);
    }
  }
  await file.close();
  if (typeof content === 'string') {
    execFileSync('cp', ['--sparse=always', content, path]);
    await truncate(path, size);
  }
}

function diskPlaces(spec: MachineSpec) {
  const used = new Map<DiskController, number>();
  return (spec.disks ?? []).map((disk, index) => {
    const controller = disk.controller ?? 'pvscsi';
    const count = used.get(controller) ?? 0;
    used.set(controller, count + 1);
    // Unit 7 is the SCSI controller's own.
    const unit = controller.match(/scsi|lsi|logic/) !== null && count >= 7 ? count + 1 : count;
    const file = index === 0 ? spec.name : `${spec.name}_${index}`;
    return { disk, controller, unit, key: CONTROLLERS[controller].firstDisk + unit, file };
  });
}

function configXml(spec: MachineSpec, datastore: string): string {
  const places = diskPlaces(spec);
  const controllers = [...new Set(places.map(({ controller }) => controller))].filter(
    (kind) => kind !== 'ide',
  );
  const devices = [
    ...controllers.map((kind) => deviceXml(controllerXml(kind))),
    ...places.map((place) =>
      deviceXml(diskXml(place, `[${datastore}] ${spec.name}/${place.file}.vmdk`), true),
    ),
    ...(spec.nics ?? []).map((nic, index) => deviceXml(nicXml(nic, index))),
    ...(spec.devices ?? []).map((device) => deviceXml(device)),
  ];
  const boot =
    spec.secureBoot === true
      ? '<bootOptions><efiSecureBootEnabled>true</efiSecureBootEnabled></bootOptions>'
      : '';
  return [
    `<name>${escapeXml(spec.name)}</name>`,
    `<guestId>${spec.guestId ?? 'debian10_64Guest'}</guestId>`,
    spec.annotation === undefined ? '' : `<annotation>${escapeXml(spec.annotation)}</annotation>`,
    `<files><vmPathName>[${datastore}] ${escapeXml(spec.name)}/${escapeXml(spec.name)}.vmx</vmPathName></files>`,
    `<numCPUs>${spec.cpus ?? 2}</numCPUs><numCoresPerSocket>${spec.coresPerSocket ?? 1}</numCoresPerSocket>`,
    `<memoryMB>${spec.memoryMiB ?? 1024}</memoryMB>`,
    ...devices,
    `<firmware>${spec.firmware ?? 'bios'}</firmware>`,
    boot,
    spec.changeTracking === undefined
      ? ''
      : `<changeTrackingEnabled>${spec.changeTracking}</changeTrackingEnabled>`,
    spec.more ?? '',
  ].join('');
}

function deviceXml(device: string, isNewFile = false): string {
  const file = isNewFile ? '<fileOperation>create</fileOperation>' : '';
  return `<deviceChange xsi:type="VirtualDeviceConfigSpec"><operation>add</operation>${file}${device}</deviceChange>`;
}

function controllerXml(kind: DiskController): string {
  const { type, key } = CONTROLLERS[kind];
  const sharing = key < 2000 ? '<sharedBus>noSharing</sharedBus>' : '';
  const bus = key < 2000 ? key - 1000 : 0;
  return `<device xsi:type="${type}"><key>${key}</key><controllerKey>100</controllerKey><busNumber>${bus}</busNumber>${sharing}</device>`;
}

type DiskPlace = ReturnType<typeof diskPlaces>[number];

function diskXml({ disk, controller, unit, key }: DiskPlace, file: string): string {
  const capacity = capacityOf(disk);
  const name = `<fileName>${escapeXml(file)}</fileName>`;
  const mode = `<diskMode>${disk.mode ?? 'persistent'}</diskMode>`;
  const sharing = disk.sharing === undefined ? '' : `<sharing>${disk.sharing}</sharing>`;
  const backing =
    disk.rawDevice === undefined
      ? `<backing xsi:type="VirtualDiskFlatVer2BackingInfo">${name}${mode}<thinProvisioned>true</thinProvisioned>${sharing}</backing>`
      : `<backing xsi:type="VirtualDiskRawDiskMappingVer1BackingInfo">${name}<deviceName>vml.0200</deviceName><compatibilityMode>${disk.rawDevice}</compatibilityMode>${mode}</backing>`;
  const place = `<controllerKey>${CONTROLLERS[controller].key}</controllerKey><unitNumber>${unit}</unitNumber>`;
  const size = `<capacityInKB>${capacity / 1024}</capacityInKB><capacityInBytes>${capacity}</capacityInBytes>`;
  return `<device xsi:type="VirtualDisk"><key>${key}</key>${backing}${place}${size}</device>`;
}

function capacityOf({ capacity, content }: MachineDisk): number {
  if (capacity !== undefined) return capacity;
  if (content === undefined) throw new Error('a disk has a capacity or content');
  const size = typeof content === 'string' ? statSync(content).size : content.length;
  return Math.ceil(size / MIB) * MIB;
}

function nicXml(nic: MachineNic, index: number): string {
  const network = nic.network ?? 'VM Network';
  const backing =
    typeof network === 'string'
      ? `<backing xsi:type="VirtualEthernetCardNetworkBackingInfo"><deviceName>${escapeXml(network)}</deviceName></backing>`
      : `<backing xsi:type="VirtualEthernetCardDistributedVirtualPortBackingInfo"><port><switchUuid>${network.switchUuid}</switchUuid><portgroupKey>${network.portGroup}</portgroupKey></port></backing>`;
  const connected = nic.connected ?? true;
  const connectable = `<connectable><startConnected>${connected}</startConnected><allowGuestControl>true</allowGuestControl><connected>${connected}</connected></connectable>`;
  const address =
    nic.mac === undefined ? '' : `<addressType>manual</addressType><macAddress>${nic.mac}</macAddress>`;
  return `<device xsi:type="${nic.model ?? 'VirtualVmxnet3'}"><key>${4000 + index}</key>${backing}${connectable}<controllerKey>100</controllerKey><unitNumber>${7 + index}</unitNumber>${address}</device>`;
}

/** What a machine's or a snapshot's disk says of itself in `config.hardware.device`. */
export function diskIn(devices: string, key: number): { readonly file: string; readonly changeId: string } {
  const device = devices.split('<VirtualDevice').find((text) => textOf(text, 'key') === String(key)) ?? '';
  const [backing = ''] = device.split('<parent');
  return { file: textOf(backing, 'fileName'), changeId: textOf(backing, 'changeId') };
}
