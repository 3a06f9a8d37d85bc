import { z } from 'zod';
import { FLAG, list, REF, TEXT, vimObject, WHOLE_NUMBER } from '../../vsphere/index.js';

/** What lies behind a device: the fields of all subclasses of `VirtualDeviceBackingInfo` that tell something. */
const BACKING = vimObject({
  _type: TEXT.default(''),
  fileName: TEXT.optional(),
  datastore: REF.optional(),
  diskMode: TEXT.optional(),
  thinProvisioned: FLAG.optional(),
  sharing: TEXT.optional(),
  keyId: z.unknown().optional(),
  parent: z.unknown().optional(),
  deltaDiskFormat: TEXT.optional(),
  compatibilityMode: TEXT.optional(),
  deviceName: TEXT.optional(),
  port: vimObject({ portgroupKey: TEXT.optional() }).optional(),
  opaqueNetworkId: TEXT.optional(),
  vgpu: TEXT.optional(),
  id: TEXT.optional(),
  assignedId: TEXT.optional(),
  vendorId: TEXT.optional(),
  deviceId: TEXT.optional(),
  allowedDevice: list(vimObject({ vendorId: TEXT, deviceId: TEXT })),
  deviceClass: TEXT.optional(),
  serviceURI: TEXT.optional(),
});
export type Backing = z.output<typeof BACKING>;

/** `VirtualDevice`, with the fields of those subclasses that tell something. */
export const DEVICE = vimObject({
  _type: TEXT.default(''),
  key: WHOLE_NUMBER,
  deviceInfo: vimObject({ label: TEXT.default('') }).optional(),
  backing: BACKING.optional(),
  connectable: vimObject({ startConnected: FLAG.default(false), connected: FLAG.default(false) }).optional(),
  controllerKey: WHOLE_NUMBER.optional(),
  unitNumber: WHOLE_NUMBER.optional(),
  busNumber: WHOLE_NUMBER.optional(),
  sharedBus: TEXT.optional(),
  capacityInKB: WHOLE_NUMBER.optional(),
  capacityInBytes: WHOLE_NUMBER.optional(),
  macAddress: TEXT.optional(),
  addressType: TEXT.optional(),
  enable3DSupport: FLAG.optional(),
});
export type VsphereDevice = z.output<typeof DEVICE>;

/** Plugged in now or, as nothing is while a machine is off, at the next start. */
export function isConnected({ connectable }: VsphereDevice): boolean {
  return connectable === undefined || connectable.connected || connectable.startConnected;
}
