import { GIB, MIB } from '../../../../../src/model/units.js';
import { testDisk, testMachine, testPlanned } from '../../../../support/machines.js';
import { type CasesById, disks, features, manyDisks, onStorage, repository } from '../rule-case.js';

const location = {
  kind: 'files',
  parts: [
    {
      range: { path: '/exports/quorum.vmdk', offset: 0, length: 1 },
      name: 'quorum.vmdk',
      expectedDigest: null,
    },
  ],
  compression: null,
} as const;
const clusterNode = (name: string) => testPlanned(testMachine({ name, disks: [testDisk({ location })] }));

export const DISKS: CasesById = {
  PLAN_NO_DISKS: { fires: { vm: { disks: [] }, says: 'no disk' }, silent: {} },
  PLAN_TOO_MANY_DISKS: {
    fires: { vm: manyDisks(255), says: '255 disks; Xen numbers 254.', severity: 'critical' },
    silent: [
      { vm: manyDisks(3) },
      { vm: manyDisks(16), profile: { pvDrivers: { from: 'kernel', note: 'Since 2.6.36.' } } },
    ],
  },
  DISKS_OVER_15: { fires: { vm: manyDisks(16), says: '16 disks' }, silent: { vm: manyDisks(15) } },
  DISKS_OVER_240: { fires: { vm: manyDisks(241), says: '241 disks' }, silent: { vm: manyDisks(240) } },
  DISK_NUMBERS_SHIFTED: {
    fires: {
      vm: disks({}, {}, {}, { file: 'logs.vmdk' }),
      says: "Device 3 is the CD drive's; the fourth disk (logs.vmdk) is device 4, and so on.",
    },
    silent: { vm: manyDisks(3) },
  },
  BOOT_DISK_MOVED: {
    fires: { vm: disks({ file: 'system.vmdk', unit: 1 }, { unit: 0 }), says: 'boots from system.vmdk' },
    silent: [
      { vm: disks({ unit: 0 }, { unit: 1 }) },
      { vm: disks({ bus: 1 }, { bus: 0, controller: 'ide' }) },
    ],
  },
  VHD_TOO_LARGE: {
    fires: {
      vm: disks({}, { file: 'huge.vmdk', capacityBytes: 2040 * GIB + 512 }),
      about: 'disk 2 (huge.vmdk)',
      says: 'huge.vmdk has 2040 GiB (2190433321472 bytes), more than 2040 GiB.',
    },
    silent: [
      { vm: disks({ capacityBytes: 2040 * GIB }) },
      {
        vm: disks({ capacityBytes: 4096 * GIB }),
        planned: onStorage('SR 1'),
        target: repository({ format: 'qcow2', freeGiB: 9000 }),
      },
    ],
  },
  DISK_OVER_16_TIB: {
    fires: { vm: disks({ capacityBytes: 16_385 * GIB }), says: 'disk.vmdk has 16385 GiB.' },
    silent: { vm: disks({ capacityBytes: 16_384 * GIB }) },
  },
  DISK_CAPACITY_INVALID: {
    fires: { vm: disks({ capacityBytes: 0 }), says: 'capacity of 0 bytes' },
    silent: { vm: disks({ capacityBytes: 512 }) },
  },
  DISK_ROUNDED: {
    fires: { vm: disks({ capacityBytes: 3 * MIB }), says: '3145728 bytes' },
    silent: [{ vm: disks({ capacityBytes: 4 * MIB }) }, { vm: disks({ capacityBytes: 0 }) }],
  },
  DISK_INDEPENDENT: {
    fires: { vm: disks({ mode: 'independent_persistent' }), says: 'independent of snapshots' },
    silent: {},
  },
  DISK_NONPERSISTENT: {
    fires: {
      vm: disks({ mode: 'independent_nonpersistent' }),
      says: 'disk.vmdk is independent_nonpersistent, which forgets changes.',
    },
    silent: { vm: disks({ mode: 'independent_persistent' }) },
  },
  DISK_APPEND: { fires: { vm: disks({ mode: 'append' }), says: 'append mode' }, silent: {} },
  DISK_RDM_PHYSICAL: {
    fires: { vm: disks({ rawDevice: 'physical' }), says: 'physical compatibility' },
    silent: [{}, { vm: disks({ rawDevice: 'virtual' }) }],
  },
  DISK_RDM_VIRTUAL: {
    fires: { vm: disks({ rawDevice: 'virtual' }), says: 'virtual compatibility' },
    silent: [{}, { vm: disks({ rawDevice: 'physical' }) }],
  },
  DISK_SHARED: { fires: { vm: disks({ shared: true }), says: 'disk.vmdk is shared' }, silent: {} },
  DISK_FILE_SHARED: {
    fires: {
      vm: disks({ location }),
      others: [clusterNode('node2'), clusterNode('node3')],
      says: 'disk.vmdk is also a disk of node2, node3.',
    },
    silent: [{ vm: disks({ location }) }, { others: [testPlanned(testMachine({ name: 'alike' }))] }],
  },
  DISK_ENCRYPTED: {
    fires: { vm: disks({ encrypted: true }), says: 'disk.vmdk is encrypted.' },
    silent: [{}, { vm: { ...disks({ encrypted: true }), encrypted: true } }],
  },
  DISK_THIN_ON_THICK: {
    fires: {
      vm: disks({ thin: true }),
      planned: onStorage('SR 1'),
      target: repository({ provisioning: 'thick' }),
      says: 'takes its whole 40 GiB on SR 1',
    },
    silent: [
      { vm: disks({ thin: true }), planned: onStorage('SR 1'), target: repository() },
      { planned: onStorage('SR 1'), target: repository({ provisioning: 'thick' }) },
    ],
  },
  DISK_NVME: {
    fires: { vm: disks({ controller: 'nvme' }), says: '/dev/nvme' },
    silent: [{}, { vm: { ...disks({ controller: 'nvme' }), guestOs: 'windows2019srv_64Guest' } }],
  },
  WINDOWS_BOOT_DRIVER: {
    fires: {
      vm: { guestOs: 'windows9Server64Guest' },
      says: 'Windows starts from pvscsi; on Xen its disk is on an IDE controller (atapi, intelide) at first.',
    },
    silent: [
      {},
      { vm: { guestOs: 'windows9Server64Guest', ...disks({ controller: 'ide' }) } },
      { vm: { guestOs: 'windows9Server64Guest', firmware: 'efi', ...disks({ controller: 'nvme' }) } },
      { vm: { guestOs: 'windows9Server64Guest', disks: [] } },
    ],
  },
  LINUX_INITRAMFS: {
    fires: { vm: { guestOs: 'rhel7_64Guest' }, says: '(pvscsi)' },
    silent: [{}, { vm: { guestOs: 'rhel7_64Guest', ...disks({ controller: 'ide' }) } }],
  },
  DISK_SERIALS: {
    fires: { vm: features({ diskUuids: true }), says: 'disk.EnableUUID is on' },
    silent: [{ vm: features({ diskUuids: false }) }, {}],
  },
  DISK_CHANGE_TRACKING_OFF: {
    fires: {
      vm: {
        ...disks({}, { unit: 1 }),
        settings: { 'scsi0:0.ctkenabled': 'TRUE', 'scsi0:1.ctkenabled': 'FALSE' },
      },
      about: 'disk 2 (disk.vmdk)',
      says: 'scsi0:1.ctkEnabled is off.',
    },
    silent: [{}, { vm: { settings: { 'scsi0:0.ctkenabled': 'true' } } }],
  },
  STORAGE_UNMAPPED: {
    fires: {
      vm: disks({ datastore: 'gold' }),
      mappings: { storage: 1 },
      says: 'disk.vmdk on gold has no storage repository in the plan.',
    },
    silent: [{}, { mappings: { storage: 1 }, planned: onStorage('SR 1') }],
  },
  STORAGE_MISSING: {
    fires: { planned: onStorage('SR 2'), target: repository(), says: 'to go to "SR 2"' },
    silent: [
      { planned: onStorage('SR 1'), target: repository() },
      { planned: onStorage('SR 2') },
      { target: repository() },
    ],
  },
  DISK_BEYOND_STORAGE: {
    fires: {
      planned: onStorage('SR 1', 11 * GIB),
      target: repository({ freeGiB: 10 }),
      says: 'disk.vmdk needs more than is free on SR 1: 11 GiB of data in 40 GiB.',
    },
    silent: [
      { planned: onStorage('SR 1', 10 * GIB), target: repository({ freeGiB: 10 }) },
      { planned: onStorage('SR 1', 11 * GIB), target: repository({ name: 'SR 2', freeGiB: 10 }) },
    ],
  },
};
