import { MAX_VHD_BYTES } from '../../vhd/index.js';
import { type NewVbd, type NewVdi, type NewVif, NULL_REF, type Ref } from '../../xapi/index.js';
import { CD_DEVICE, deviceNumber, vdiBytes } from '../machine-facts.js';
import { ownedBy } from './ownership.js';

const QOS = { qos_algorithm_type: '', qos_algorithm_params: {} };

export interface VdiSpec {
  readonly name: string;
  readonly description: string;
  readonly sr: Ref;
  readonly capacityBytes: number;
  readonly jobId: string;
}

export function vdiRecord({ name, description, sr, capacityBytes, jobId }: VdiSpec): NewVdi {
  return {
    name_label: name,
    name_description: description,
    SR: sr,
    virtual_size: vdiBytes(capacityBytes),
    type: 'user',
    sharable: false,
    read_only: false,
    other_config: ownedBy(jobId),
    // Nothing else holds it; smaller ones are as the repository likes them.
    sm_config: capacityBytes > MAX_VHD_BYTES ? { 'image-format': 'qcow2' } : {},
    tags: [],
  };
}

/** Disk `index` of a VM; the first is the one it boots from. */
export function diskVbdRecord(vm: Ref, vdi: Ref, index: number, jobId: string): NewVbd {
  return {
    VM: vm,
    VDI: vdi,
    userdevice: String(deviceNumber(index)),
    bootable: index === 0,
    mode: 'RW',
    type: 'Disk',
    empty: false,
    unpluggable: false,
    other_config: ownedBy(jobId),
    ...QOS,
  };
}

/** An empty drive. */
export function cdVbdRecord(vm: Ref, jobId: string): NewVbd {
  return {
    VM: vm,
    VDI: NULL_REF,
    userdevice: String(CD_DEVICE),
    bootable: false,
    mode: 'RO',
    type: 'CD',
    empty: true,
    unpluggable: true,
    other_config: ownedBy(jobId),
    ...QOS,
  };
}

export interface VifSpec {
  readonly vm: Ref;
  readonly index: number;
  readonly network: Ref;
  /** Null: the pool makes one. */
  readonly mac: string | null;
  readonly mtu: number;
  readonly jobId: string;
}

export function vifRecord({ vm, index, network, mac, mtu, jobId }: VifSpec): NewVif {
  return {
    device: String(index),
    network,
    VM: vm,
    MAC: mac ?? '',
    MTU: mtu,
    other_config: ownedBy(jobId),
    ...QOS,
  };
}
