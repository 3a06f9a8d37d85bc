import { z } from 'zod';
import { arrayOf, FLAG, list, REF, TEXT, vimObject, WHOLE_NUMBER } from '../../vsphere/index.js';
import { DEVICE } from './device-schema.js';

const OPTION = vimObject({ key: TEXT, value: z.unknown().optional() });

/** Reservations in MHz or MiB; -1 stands for none. */
const ALLOCATION = vimObject({ reservation: WHOLE_NUMBER.optional() });

const AFFINITY = vimObject({ affinitySet: list(TEXT) });

const BOOT_OPTIONS = vimObject({
  efiSecureBootEnabled: FLAG.default(false),
  bootOrder: list(vimObject({ deviceKey: WHOLE_NUMBER.optional() })),
});

/** `VAppPropertyInfo`. */
export const PRODUCT_PROPERTY = vimObject({
  classId: TEXT.default(''),
  id: TEXT.default(''),
  instanceId: TEXT.default(''),
  type: TEXT.default(''),
  value: TEXT.default(''),
  defaultValue: TEXT.default(''),
});
export type ProductProperty = z.output<typeof PRODUCT_PROPERTY>;

const FILE_LAYOUT = vimObject({
  disk: list(vimObject({ key: WHOLE_NUMBER, chain: list(vimObject({ fileKey: list(TEXT) })) })),
  file: list(vimObject({ key: TEXT, size: WHOLE_NUMBER.default(0) })),
});
export type FileLayout = z.output<typeof FILE_LAYOUT>;

/** `VirtualMachineSnapshotTree`; the snapshots after it are read one level at a time. */
export const SNAPSHOT = vimObject({
  name: TEXT.default(''),
  createTime: TEXT.default(''),
  state: TEXT.default(''),
  childSnapshotList: list(z.unknown()),
});

const GUEST_NIC = vimObject({
  deviceConfigId: WHOLE_NUMBER.default(-1),
  macAddress: TEXT.default(''),
  ipAddress: list(TEXT),
});
export type GuestNic = z.output<typeof GUEST_NIC>;

const GUEST_DISK = vimObject({
  diskPath: TEXT.default(''),
  capacity: WHOLE_NUMBER.optional(),
  freeSpace: WHOLE_NUMBER.optional(),
});

/** The properties of a `VirtualMachine` that are asked for, by their paths; none is there of every machine. */
export const MACHINE = z.object({
  name: TEXT.optional(),
  parent: REF.optional(),
  parentVApp: REF.optional(),
  resourcePool: REF.optional(),
  customValue: arrayOf(vimObject({ key: TEXT, value: TEXT.default('') })),
  'config.annotation': TEXT.default(''),
  'config.bootOptions': BOOT_OPTIONS.optional(),
  'config.changeTrackingEnabled': FLAG.optional(),
  'config.cpuAffinity': AFFINITY.optional(),
  'config.cpuAllocation': ALLOCATION.optional(),
  'config.cpuHotAddEnabled': FLAG.optional(),
  'config.extraConfig': arrayOf(OPTION),
  'config.firmware': TEXT.optional(),
  'config.flags': vimObject({ diskUuidEnabled: FLAG.optional(), vbsEnabled: FLAG.optional() }).optional(),
  'config.guestFullName': TEXT.optional(),
  'config.guestId': TEXT.optional(),
  'config.hardware.device': arrayOf(DEVICE),
  'config.hardware.memoryMB': WHOLE_NUMBER.optional(),
  'config.hardware.numCPU': WHOLE_NUMBER.optional(),
  'config.hardware.numCoresPerSocket': WHOLE_NUMBER.optional(),
  'config.instanceUuid': TEXT.optional(),
  'config.keyId': z.unknown().optional(),
  'config.latencySensitivity': vimObject({ level: TEXT.optional() }).optional(),
  'config.managedBy': vimObject({ extensionKey: TEXT.default(''), type: TEXT.default('') }).optional(),
  'config.memoryAllocation': ALLOCATION.optional(),
  'config.memoryHotAddEnabled': FLAG.optional(),
  'config.nestedHVEnabled': FLAG.optional(),
  'config.sevEnabled': FLAG.optional(),
  'config.sgxInfo': vimObject({ epcSize: WHOLE_NUMBER.default(0) }).optional(),
  'config.template': FLAG.default(false),
  'config.uuid': TEXT.optional(),
  'config.vAppConfig': vimObject({ property: list(PRODUCT_PROPERTY) }).optional(),
  'config.version': TEXT.optional(),
  'guest.disk': arrayOf(GUEST_DISK),
  'guest.guestFullName': TEXT.optional(),
  'guest.hostName': TEXT.optional(),
  'guest.ipAddress': TEXT.optional(),
  'guest.net': arrayOf(GUEST_NIC),
  'guest.toolsStatus': TEXT.optional(),
  layoutEx: FILE_LAYOUT.optional(),
  'runtime.connectionState': TEXT.default('connected'),
  'runtime.consolidationNeeded': FLAG.optional(),
  'runtime.faultToleranceState': TEXT.optional(),
  'runtime.host': REF.optional(),
  'runtime.powerState': TEXT.optional(),
  snapshot: vimObject({ rootSnapshotList: list(z.unknown()) }).optional(),
});
export type MachineProperties = z.output<typeof MACHINE>;

export const MACHINE_QUERY = { type: 'VirtualMachine', properties: Object.keys(MACHINE.shape) };
