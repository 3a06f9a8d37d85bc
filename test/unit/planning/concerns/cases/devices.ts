import { type CasesById, devices, host } from '../rule-case.js';

const gpus = (count: number) =>
  devices(...Array.from({ length: count }, () => ({ kind: 'gpu' as const, backing: 'grid_t4-4q' })));

export const DEVICES: CasesById = {
  GPU_ASSIGNED: {
    fires: {
      vm: devices({ kind: 'gpu', label: 'pciPassthru0', backing: 'grid_t4-4q' }),
      about: 'pciPassthru0',
      says: 'pciPassthru0: grid_t4-4q.',
    },
    silent: { vm: devices({ kind: 'gpu' }) },
  },
  GRAPHICS_3D: { fires: { vm: devices({ kind: 'gpu' }), says: '3D graphics' }, silent: { vm: gpus(1) } },
  GPUS_BEYOND_HOST: {
    fires: { vm: gpus(2), target: host({ gpus: 1 }), says: '2 GPUs; no host of the target has as many.' },
    silent: [{ vm: gpus(2), target: host({ gpus: 2 }) }, { vm: gpus(2) }, { target: host() }],
  },
  GPUS_OVER_FOUR: {
    fires: { vm: gpus(5), says: '5 GPUs' },
    silent: [{ vm: gpus(4) }, { vm: gpus(5), target: host({ gpus: 8 }) }],
  },
  PCI_PASSTHROUGH: {
    fires: {
      vm: devices({ kind: 'pci-passthrough', label: 'pci0' }),
      says: 'pci0: a PCI device of the host.',
    },
    silent: {},
  },
  USB_DEVICE: {
    fires: {
      vm: devices({ kind: 'usb', label: 'usb:1', backing: '0x0a12:0x0001' }),
      says: 'usb:1: 0x0a12:0x0001.',
    },
    silent: { vm: devices({ kind: 'usb-controller' }) },
  },
  USB_CONTROLLER: {
    fires: { vm: devices({ kind: 'usb-controller', label: 'ehci' }), says: 'USB controller (ehci)' },
    silent: { vm: devices({ kind: 'usb' }) },
  },
  SERIAL_PORT: {
    fires: {
      vm: devices({ kind: 'serial', label: 'serial0', backing: '/dev/ttyS0' }),
      says: 'serial0: /dev/ttyS0.',
    },
    silent: { vm: devices({ kind: 'serial' }) },
  },
  PARALLEL_PORT: {
    fires: { vm: devices({ kind: 'parallel', backing: '/dev/parport0' }), says: '/dev/parport0' },
    silent: { vm: devices({ kind: 'parallel' }) },
  },
  FLOPPY_IMAGE: {
    fires: { vm: devices({ kind: 'floppy', backing: 'driver.flp' }), says: 'driver.flp' },
    silent: { vm: devices({ kind: 'floppy' }) },
  },
  CD_INSERTED: {
    fires: { vm: devices({ kind: 'cdrom', backing: 'debian.iso' }), says: 'debian.iso' },
    silent: [
      { vm: devices({ kind: 'cdrom' }) },
      { vm: devices({ kind: 'cdrom', backing: 'debian.iso', connected: false }) },
    ],
  },
  CD_DRIVES: {
    fires: { vm: devices({ kind: 'cdrom' }, { kind: 'cdrom' }), says: '2 CD drives.' },
    silent: { vm: devices({ kind: 'cdrom' }) },
  },
  SOUND_CARD: { fires: { vm: devices({ kind: 'sound', label: 'sound' }), says: '(sound)' }, silent: {} },
  NVDIMM: { fires: { vm: devices({ kind: 'nvdimm' }), says: 'not moved' }, silent: {} },
  WATCHDOG: { fires: { vm: devices({ kind: 'watchdog' }), says: 'watchdog' }, silent: {} },
};
