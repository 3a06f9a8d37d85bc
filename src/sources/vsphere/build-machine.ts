import { XenferryError } from '../../model/errors.js';
import type { Problem } from '../../model/inventory.js';
import { MIB } from '../../model/units.js';
import { type PowerState, UNTOLD_MACHINE, type VirtualMachine } from '../../model/virtual-machine.js';
import type { VsphereReference } from '../../model/vsphere-reference.js';
import { holdsSecret, normalizeUuid } from '../../ovf-parser/index.js';
import type { RetrievedObject, VimValue } from '../../vsphere/index.js';
import { refuseEndlessDisks } from '../disk-limit.js';
import { problemOf, problemOfError } from '../problems.js';
import { tellingSettings } from '../telling-settings.js';
import { readDevices } from './devices.js';
import { readDisks } from './disks.js';
import type { Estate } from './estate.js';
import { readFeatures } from './features.js';
import { readGuest } from './guest.js';
import { inventoryName } from './inventory-name.js';
import { MACHINE, type MachineProperties, type ProductProperty } from './machine-schema.js';
import { readNics } from './nics.js';
import { readSnapshots } from './snapshots.js';
import type { VAppShare } from './vapps.js';

const MAX_PROPERTIES = 500;
const MAX_PROPERTY_LENGTH = 4096;

/** `VirtualMachineConnectionState`s in which nobody reads a machine's files. */
const UNREACHABLE: Readonly<Record<string, string>> = {
  disconnected: 'its host is not connected',
  inaccessible: 'its configuration cannot be reached',
  invalid: 'its configuration is invalid',
  orphaned: 'its host no longer knows it',
};

/** Of an ESXi host nothing without a vCenter's objects is known. */
export interface MachineSurroundings {
  readonly server: VsphereReference;
  /** The vCenter's own id; null for an ESXi host. */
  readonly serverId: string | null;
  readonly estate: Estate;
  readonly vapps: ReadonlyMap<string, VAppShare>;
  /** Tags by object id. */
  readonly tags: ReadonlyMap<string, readonly string[]>;
}

export interface BuiltMachine {
  readonly machine: VirtualMachine;
  readonly problems: readonly Problem[];
}

/** The machine that a `VirtualMachine` object is, as far as its properties tell. */
export function buildMachine(object: RetrievedObject, surroundings: MachineSurroundings): BuiltMachine {
  const id = object.ref.value;
  const about = { file: id, machineId: id };
  const { properties, problems } = readProperties(object, about);
  const name = inventoryName(properties.name ?? id);
  const state = properties['runtime.connectionState'];
  const reason = Object.hasOwn(UNREACHABLE, state) ? UNREACHABLE[state] : undefined;
  const { machine, problems: found } = assemble(id, name, properties, reason === undefined, surroundings);
  const lost =
    reason === undefined
      ? []
      : [
          problemOf(
            'critical',
            'SOURCE_UNREADABLE',
            `the machine "${name}" is ${state}: ${reason}`,
            about,
            'Connect its host or its datastore again, or remove it from the inventory, then read the source again.',
          ),
        ];
  return { machine, problems: [...lost, ...problems, ...found] };
}

function assemble(
  id: string,
  name: string,
  properties: MachineProperties,
  reachable: boolean,
  { server, serverId, estate, vapps, tags }: MachineSurroundings,
): BuiltMachine {
  const about = { file: id, machineId: id };
  const devices = properties['config.hardware.device'];
  const settings = settingsOf(properties);
  const nics = readNics(devices, properties['guest.net'], estate);
  const addresses = nics.flatMap((nic) => nic.addresses);
  const cluster = estate.clusterOf(properties['runtime.host']);
  const around = properties.parent ?? properties.parentVApp;
  const datacenter = estate.datacenterOf(around) ?? estate.datacenterOf(properties['runtime.host']);
  const { disks, problems } = readDisks(properties, {
    server,
    estate,
    datacenter: datacenter?.path ?? null,
    reachable,
    settings,
    problem: (message) => problemOf('critical', 'SOURCE_UNREADABLE', message, about),
  });
  const virtualTpm = devices.some(({ _type: type }) => type === 'VirtualTPM');
  const vapp = vapps.get(id);
  const cpus = positive(properties['config.hardware.numCPU']) ?? 1;
  const machine: VirtualMachine = {
    ...UNTOLD_MACHINE,
    id,
    name,
    description: properties['config.annotation'],
    uuid: normalizeUuid(properties['config.uuid'] ?? ''),
    instanceUuid: normalizeUuid(properties['config.instanceUuid'] ?? ''),
    objectId: id,
    server: serverId,
    guestOs: properties['config.guestId'] ?? '',
    osDescription: properties['config.guestFullName'] ?? '',
    firmware: properties['config.firmware'] === 'efi' ? 'efi' : 'bios',
    secureBoot: properties['config.bootOptions']?.efiSecureBootEnabled ?? false,
    cpus,
    coresPerSocket: positive(properties['config.hardware.numCoresPerSocket']) ?? 1,
    memoryBytes: (properties['config.hardware.memoryMB'] ?? 0) * MIB,
    disks,
    nics,
    startOrder: vapp?.startOrder ?? null,
    startDelaySeconds: vapp?.startDelaySeconds ?? 0,
    powerState: powerState(properties['runtime.powerState']),
    template: properties['config.template'],
    placeholder: /^placeholderVm$/i.test(properties['config.managedBy']?.type ?? ''),
    // A virtual TPM encrypts what lies beside the disks, which is not what is moved.
    encrypted:
      disks.some(({ encrypted }) => encrypted) || (properties['config.keyId'] !== undefined && !virtualTpm),
    virtualTpm,
    devices: readDevices(devices),
    snapshots: readSnapshots(properties.snapshot?.rootSnapshotList ?? []),
    placement: {
      datacenter: datacenter?.name ?? null,
      cluster: cluster?.name ?? null,
      host: estate.nameOf(properties['runtime.host']),
      folder: estate.folderOf(around),
      resourcePool: estate.resourcePoolOf(properties.resourcePool),
      tags: tags.get(id) ?? [],
      attributes: attributesOf(properties, estate),
    },
    guest: readGuest(properties, settings, addresses),
    features: readFeatures(properties, id, settings, cluster?.facts ?? null),
    settings: tellingSettings(settings),
    properties: shownProperties([
      ...(vapp?.properties ?? []),
      ...(properties['config.vAppConfig']?.property ?? []),
    ]),
    source: { kind: 'vsphere', descriptor: id, server },
  };
  return { machine, problems };
}

/** What cannot be read is left out; without its devices a machine cannot be converted. */
function readProperties(
  { properties, missing }: RetrievedObject,
  about: { readonly file: string; readonly machineId: string },
): { readonly properties: MachineProperties; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const [hidden] = missing;
  if (hidden !== undefined) {
    const { code, message, hint } = hidden.fault;
    const isNeeded = missing.some(({ path }) => path === 'config.hardware.device');
    const text = `${missing.length} properties of the machine may not be seen: ${message}`;
    problems.push(problemOf(isNeeded ? 'critical' : 'warning', code, text, about, hint));
  }
  let told: Readonly<Record<string, VimValue | undefined>> = properties;
  for (;;) {
    const parsed = MACHINE.safeParse(told);
    if (parsed.success) {
      try {
        refuseEndlessDisks(parsed.data['config.hardware.device'], 'VSPHERE_PROTOCOL', about.file);
        return { properties: parsed.data, problems };
      } catch (error) {
        problems.push(problemOfError(error, about));
        told = { ...told, 'config.hardware.device': undefined };
        continue;
      }
    }
    const path = String(parsed.error.issues[0]?.path[0] ?? '');
    if (told[path] === undefined) throw new XenferryError('VSPHERE_PROTOCOL', `no machine is read: ${path}`);
    const severity = path === 'config.hardware.device' ? 'critical' : 'warning';
    const message = `the server tells of the machine no usable ${path}`;
    problems.push(problemOf(severity, 'VSPHERE_PROTOCOL', message, about));
    told = { ...told, [path]: undefined };
  }
}

/** ExtraConfig by lower-case key. */
function settingsOf({ 'config.extraConfig': options }: MachineProperties): ReadonlyMap<string, string> {
  return new Map(
    options.flatMap(({ key, value }) =>
      typeof value === 'string' ? [[key.toLowerCase(), value] as const] : [],
    ),
  );
}

function attributesOf({ customValue }: MachineProperties, estate: Estate): Readonly<Record<string, string>> {
  const attributes = customValue.flatMap(({ key, value }) => {
    const name = estate.attributeName(key);
    return name === undefined || value === '' ? [] : [[name, value] as const];
  });
  return Object.fromEntries(attributes);
}

/** Values by full key `class.key.instance`, as OVF has them; later ones count more. Passwords are left out. */
function shownProperties(all: readonly ProductProperty[]): Readonly<Record<string, string>> {
  const shown = all.flatMap(({ classId, id, instanceId, type, value, defaultValue }) => {
    const key = [classId, id, instanceId].filter((part) => part !== '').join('.');
    const text = value === '' ? defaultValue : value;
    const secret = /^password/i.test(type) || holdsSecret(key);
    return secret || text === '' || text.length > MAX_PROPERTY_LENGTH ? [] : [[key, text] as const];
  });
  return Object.fromEntries(shown.slice(0, MAX_PROPERTIES));
}

function positive(count: number | undefined): number | null {
  return count !== undefined && count > 0 ? count : null;
}

function powerState(state: string | undefined): PowerState | null {
  switch (state) {
    case 'poweredOn':
      return 'on';
    case 'poweredOff':
      return 'off';
    case 'suspended':
      return 'suspended';
    default:
      return null;
  }
}
