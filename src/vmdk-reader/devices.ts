import { XenferryError } from '../model/errors.js';
import type { VmdkDescriptor } from './descriptor.js';

const CLONE_ON_ESXI =
  "Clone the disk to a VMDK first ('vmkfstools -i', or a clone in vSphere), or present the LUN to the pool.";
const CLONE_ON_HOST =
  "Copy the disk to a VMDK first ('vmware-vdiskmanager -r' on its host), or convert an image of the device.";

const MAPPING = 'a raw device mapping (RDM) of a LUN';
const PHYSICAL_MAPPING = 'a raw device mapping (RDM) in physical mode';
const RAW_DEVICE = 'a raw device of an ESX host';

/** Create types, in lower case, of disks whose data is on a device ("Virtual Disk Format 1.1", createType). */
const DEVICE_TYPES = new Map([
  ['fulldevice', { what: 'a whole physical disk', hint: CLONE_ON_HOST }],
  ['partitioneddevice', { what: 'partitions of a physical disk', hint: CLONE_ON_HOST }],
  ['vmfsraw', { what: RAW_DEVICE, hint: CLONE_ON_ESXI }],
  ['vmfsrdm', { what: MAPPING, hint: CLONE_ON_ESXI }],
  ['vmfsrawdevicemap', { what: MAPPING, hint: CLONE_ON_ESXI }],
  ['vmfsrdmp', { what: PHYSICAL_MAPPING, hint: CLONE_ON_ESXI }],
  ['vmfspassthroughrawdevicemap', { what: PHYSICAL_MAPPING, hint: CLONE_ON_ESXI }],
]);

/** Refuses disks whose data is not in files, by their type or that of an extent. Throws VMDK_UNSUPPORTED. */
export function refuseDevice({ createType, extents }: VmdkDescriptor, file: string): void {
  for (const type of [createType, ...extents.map(({ kind }) => kind)]) {
    const device = DEVICE_TYPES.get(type.toLowerCase());
    if (device === undefined) continue;
    throw new XenferryError(
      'VMDK_UNSUPPORTED',
      `the disk is ${device.what} (${type}): it has no data in files`,
      {
        file,
        hint: device.hint,
      },
    );
  }
}
