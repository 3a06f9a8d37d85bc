import { formatUuid, uuidFrom } from '../../conversion/index.js';
import type { Profile } from '../../guests/profiles/index.js';
import type { PlannedMachine } from '../../model/plan.js';
import { NULL_REF, XmlRpcDouble, type XmlRpcStruct, type XvaObject } from '../../xva/index.js';
import {
  bootParameters,
  CD_DEVICE,
  derivedUuid,
  deviceNumber,
  HVM_BASICS,
  machineUuid,
  macOf,
  platformOf,
  vdiBytes,
} from '../machine-facts.js';

const DEFAULT_MTU = '1500';

/** The objects of a machine's archive and the ids of its disks, in the machine's disk order. */
export interface OvaObjects {
  readonly objects: readonly XvaObject[];
  readonly diskIds: readonly string[];
  /** The VM's own: what tells this machine from every other. */
  readonly vmUuid: string;
}

/**
 * A machine as XAPI records: one VM, an SR that stands for the target's, a VDI and VBD a disk, an empty CD drive,
 * a VIF and network a NIC. Everything is derived from the machine, so that the same one gives the same archive.
 */
export function ovaObjects(planned: PlannedMachine, profile: Profile): OvaObjects {
  const { machine, name, nics } = planned;
  const refs = new RefCounter();
  const uuid = (what: string) => derivedUuid(what, machine);
  const vm = refs.next();
  const sr = refs.next();

  const networks = [...new Set(nics.map(({ network }) => network))].map((label) => ({
    label,
    object: networkObject(refs.next(), label, formatUuid(uuidFrom(`network ${label}`))),
  }));
  const networkRef = (label: string) =>
    networks.find((network) => network.label === label)?.object.id ?? NULL_REF;
  const vifs = nics.map((nic, index) =>
    vifObject(refs.next(), vm, uuid(`vif ${index}`), networkRef(nic.network), index, macOf(planned, index)),
  );
  const vdis = machine.disks.map((disk, index) =>
    vdiObject(refs.next(), sr, uuid(`vdi ${index}`), `${name} ${index}`, disk.file, disk.capacityBytes),
  );
  const vbds = vdis.map((vdi, index) =>
    diskVbd(refs.next(), vm, vdi.id, uuid(`vbd ${index}`), deviceNumber(index)),
  );
  const cd = cdVbd(refs.next(), vm, uuid('cd'));

  const vmUuid = machineUuid(machine);
  const vmObject: XvaObject = {
    class: 'VM',
    id: vm,
    snapshot: {
      ...vmSnapshot(planned, profile, vmUuid, uuid('mac seed')),
      VIFs: vifs.map(({ id }) => id),
      VBDs: [...vbds, cd].map(({ id }) => id),
    },
  };
  const objects = [
    vmObject,
    srObject(sr, uuid('sr')),
    ...networks.map(({ object }) => object),
    ...vifs,
    ...vdis,
    ...vbds,
    cd,
  ];
  return { objects, diskIds: vdis.map(({ id }) => id), vmUuid };
}

/** Ids of equal width: the importer takes disks in string order, where `Ref:10` comes before `Ref:2`. */
class RefCounter {
  #last = 0;

  next(): string {
    return `Ref:${String(++this.#last).padStart(5, '0')}`;
  }
}

function vmSnapshot(planned: PlannedMachine, profile: Profile, uuid: string, macSeed: string): XmlRpcStruct {
  const { machine } = planned;
  const memory = String(machine.memoryBytes);
  const cpus = String(machine.cpus);
  return {
    uuid,
    name_label: planned.name,
    name_description: machine.description,
    user_version: '1',
    is_a_template: false,
    is_a_snapshot: false,
    power_state: 'Halted',
    domain_type: 'hvm',
    resident_on: NULL_REF,
    affinity: NULL_REF,
    parent: NULL_REF,
    memory_static_min: memory,
    memory_dynamic_min: memory,
    memory_dynamic_max: memory,
    memory_static_max: memory,
    VCPUs_params: {},
    VCPUs_max: cpus,
    VCPUs_at_startup: cpus,
    ...HVM_BASICS,
    HVM_boot_params: bootParameters(machine),
    HVM_shadow_multiplier: new XmlRpcDouble(1),
    NVRAM: {},
    platform: platformOf(planned, profile),
    PCI_bus: '',
    other_config: { mac_seed: macSeed, 'xenferry:source': machine.source.descriptor },
    domid: '-1',
    domarch: '',
    is_control_domain: false,
    metrics: NULL_REF,
    guest_metrics: NULL_REF,
    recommendations: '',
    generation_id: '0:0',
    hardware_platform_version: '0',
    has_vendor_device: profile.hasVendorDevice,
    reference_label: profile.template,
    order: String(planned.startOrder ?? 0),
    start_delay: String(planned.startDelaySeconds),
    shutdown_delay: '0',
    tags: ['xenferry'],
  };
}

function srObject(id: string, uuid: string): XvaObject {
  return {
    class: 'SR',
    id,
    snapshot: {
      uuid,
      name_label: 'Xenferry',
      name_description: '',
      virtual_allocation: '0',
      physical_utilisation: '0',
      physical_size: '0',
      type: 'ext',
      content_type: 'user',
      shared: false,
      other_config: {},
    },
  };
}

/** The importer finds the pool's network of this name; only without one does it make a new one on this bridge. */
function networkObject(id: string, name: string, uuid: string): XvaObject {
  const bridge = `xf${uuid.slice(0, 8)}`;
  return {
    class: 'network',
    id,
    snapshot: { uuid, name_label: name, name_description: '', bridge, MTU: DEFAULT_MTU, other_config: {} },
  };
}

const QOS_AND_STATUS: XmlRpcStruct = {
  status_code: '0',
  status_detail: '',
  runtime_properties: {},
  qos_algorithm_type: '',
  qos_algorithm_params: {},
  qos_supported_algorithms: [],
};

function vifObject(
  id: string,
  vm: string,
  uuid: string,
  network: string,
  device: number,
  mac: string,
): XvaObject {
  return {
    class: 'VIF',
    id,
    snapshot: {
      uuid,
      device: String(device),
      network,
      VM: vm,
      MAC: mac,
      MAC_autogenerated: false,
      MTU: DEFAULT_MTU,
      other_config: {},
      currently_attached: false,
      ...QOS_AND_STATUS,
    },
  };
}

function vdiObject(
  id: string,
  sr: string,
  uuid: string,
  name: string,
  description: string,
  capacityBytes: number,
): XvaObject {
  return {
    class: 'VDI',
    id,
    snapshot: {
      uuid,
      name_label: name,
      name_description: description,
      SR: sr,
      virtual_size: String(vdiBytes(capacityBytes)),
      physical_utilisation: '0',
      type: 'user',
      sharable: false,
      read_only: false,
      other_config: {},
      storage_lock: false,
      location: uuid,
      managed: true,
      missing: false,
      parent: NULL_REF,
    },
  };
}

function diskVbd(id: string, vm: string, vdi: string, uuid: string, device: number): XvaObject {
  return vbdObject(id, vm, vdi, uuid, device, {
    bootable: device === 0,
    mode: 'RW',
    type: 'Disk',
    empty: false,
  });
}

function cdVbd(id: string, vm: string, uuid: string): XvaObject {
  return vbdObject(id, vm, NULL_REF, uuid, CD_DEVICE, {
    bootable: false,
    mode: 'RO',
    type: 'CD',
    empty: true,
  });
}

function vbdObject(
  id: string,
  vm: string,
  vdi: string,
  uuid: string,
  device: number,
  kind: XmlRpcStruct,
): XvaObject {
  return {
    class: 'VBD',
    id,
    snapshot: {
      uuid,
      VM: vm,
      VDI: vdi,
      userdevice: String(device),
      ...kind,
      unpluggable: kind.type === 'CD',
      storage_lock: false,
      other_config: {},
      currently_attached: false,
      ...QOS_AND_STATUS,
    },
  };
}
