import {
  type GuestFacts,
  type GuestVolume,
  type Placement,
  type PowerState,
  UNTOLD_MACHINE,
  type VirtualMachine,
} from '../../model/virtual-machine.js';
import { normalizeUuid } from '../../ovf-parser/index.js';
import { listDrives, listSnapshots, listUsbDevices } from './devices.js';
import { listDisks } from './disks.js';
import { listFeatures } from './features.js';
import { listNics, nicsOfNetworks, splitAddresses } from './nics.js';
import type { Row } from './read-tab.js';
import type {
  VCD,
  VCLUSTER,
  VCPU,
  VDISK,
  VINFO,
  VMEMORY,
  VNETWORK,
  VPARTITION,
  VSNAPSHOT,
  VTOOLS,
  VUSB,
} from './tabs.js';

/** All that an export says of one machine. */
export interface MachineRows {
  readonly info: Row<(typeof VINFO)['columns']>;
  /** Custom attributes by name. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly disks: readonly Row<(typeof VDISK)['columns']>[];
  /** Null when the export lacks the tab. */
  readonly nics: readonly Row<(typeof VNETWORK)['columns']>[] | null;
  readonly cpu: Row<(typeof VCPU)['columns']> | undefined;
  readonly memory: Row<(typeof VMEMORY)['columns']> | undefined;
  readonly partitions: readonly Row<(typeof VPARTITION)['columns']>[];
  readonly drives: readonly Row<(typeof VCD)['columns']>[];
  readonly usb: readonly Row<(typeof VUSB)['columns']>[];
  readonly snapshots: readonly Row<(typeof VSNAPSHOT)['columns']>[];
  readonly tools: Row<(typeof VTOOLS)['columns']> | undefined;
  readonly cluster: Row<(typeof VCLUSTER)['columns']> | undefined;
}

/** `id` is the machine's; `descriptor` the file it comes from. CPUs and memory that nothing tells are 1 and 0. */
export function buildMachine(rows: MachineRows, id: string, descriptor: string): VirtualMachine {
  const { info: fields, cpu, memory } = rows;
  const nics = rows.nics === null ? nicsOfNetworks(fields) : listNics(rows.nics);
  const os = fields.configuredOs ?? fields.reportedOs ?? '';
  return {
    ...UNTOLD_MACHINE,
    id,
    name: fields.name ?? '',
    description: fields.annotation ?? '',
    uuid: normalizeUuid(fields.biosUuid ?? ''),
    instanceUuid: normalizeUuid(fields.vmUuid ?? ''),
    objectId: fields.vmId,
    server: (fields.sdkUuid ?? fields.sdkServer)?.toLowerCase() ?? null,
    guestOs: os,
    osDescription: os,
    firmware: /^efi$/i.test(fields.firmware ?? '') ? 'efi' : 'bios',
    secureBoot: fields.secureBoot === true,
    cpus: positive(fields.cpus) ?? positive(cpu?.cpus) ?? 1,
    coresPerSocket: positive(cpu?.coresPerSocket) ?? 1,
    memoryBytes: fields.memory ?? memory?.size ?? 0,
    disks: listDisks(rows.disks, { inUseBytes: fields.inUse, partitions: rows.partitions }),
    nics,
    powerState: powerState(fields.powerState),
    template: fields.template === true,
    placeholder: fields.placeholder === true,
    devices: [...listDrives(rows.drives), ...listUsbDevices(rows.usb)],
    snapshots: listSnapshots(rows.snapshots),
    placement: placementOf(rows),
    guest: guestOf(
      rows,
      nics.flatMap(({ addresses }) => addresses),
    ),
    features: listFeatures({ info: fields, cpu, memory, cluster: rows.cluster }),
    source: { kind: 'rvtools', descriptor },
  };
}

function placementOf({ info, attributes }: MachineRows): Placement {
  const { datacenter, cluster, host, folder, resourcePool } = info;
  const path = folder?.replace(/^\/+|\/+$/g, '') ?? '';
  return {
    datacenter,
    cluster,
    host,
    folder: path === '' ? null : path,
    resourcePool,
    tags: tagsOf(attributes),
    attributes,
  };
}

/** RVTools tells no tags; scripts copy them into an attribute that is called so. */
function tagsOf(attributes: Readonly<Record<string, string>>): readonly string[] {
  const texts = Object.entries(attributes).flatMap(([name, text]) =>
    /(?:^|[\s_.-])tags?$/i.test(name) ? text.split(/[,;]/) : [],
  );
  return [...new Set(texts.map((text) => text.trim()).filter((text) => text !== ''))];
}

/** A whole number above 0; null for what is none, as of machines that vCenter cannot reach. */
function positive(count: number | null | undefined): number | null {
  return Number.isSafeInteger(count) && Number(count) > 0 ? Number(count) : null;
}

function guestOf({ info, tools, partitions }: MachineRows, addresses: readonly string[]): GuestFacts {
  const { dnsName, primaryAddress, reportedOs, guestState } = info;
  return {
    hostName: dnsName,
    addresses: splitAddresses(primaryAddress, ...addresses),
    reportedOs,
    tools: toolsState(tools?.state ?? guestState),
    volumes: partitions.flatMap(({ path, capacity, free, consumed }): GuestVolume[] => {
      const freeBytes = free ?? (capacity !== null && consumed !== null ? capacity - consumed : null);
      if (path === null || capacity === null || freeBytes === null) return [];
      return [{ path, capacityBytes: capacity, freeBytes: Math.max(0, freeBytes) }];
    }),
  };
}

/** vSphere's VirtualMachineToolsStatus of vTools, or the guest state of vInfo. */
function toolsState(text: string | null): GuestFacts['tools'] {
  switch (text?.toLowerCase()) {
    case 'toolsok':
    case 'running':
      return 'running';
    case 'toolsold':
      return 'outdated';
    case 'toolsnotrunning':
    case 'notrunning':
      return 'not running';
    case 'toolsnotinstalled':
      return 'not installed';
    default:
      return null;
  }
}

function powerState(text: string | null): PowerState | null {
  switch (text?.toLowerCase()) {
    case 'poweredon':
      return 'on';
    case 'poweredoff':
      return 'off';
    case 'suspended':
      return 'suspended';
    default:
      return null;
  }
}
