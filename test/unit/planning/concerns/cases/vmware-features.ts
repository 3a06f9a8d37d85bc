import { type CasesById, features } from '../rule-case.js';

export const VMWARE_FEATURES: CasesById = {
  CHANGE_TRACKING_OFF: {
    fires: { vm: features({ changeTracking: false }), says: 'tracking is off' },
    silent: [{ vm: features({ changeTracking: true }) }, {}],
  },
  FAULT_TOLERANCE: {
    fires: { vm: features({ faultTolerance: true }), says: 'Fault Tolerance' },
    silent: [{ vm: features({ faultTolerance: false }) }, {}],
  },
  HIGH_AVAILABILITY: {
    fires: { vm: features({ highAvailability: true }), says: 'when its host fails' },
    silent: [{ vm: features({ highAvailability: false }) }, {}],
  },
  DRS: {
    fires: { vm: features({ drs: true }), says: 'DRS' },
    silent: [{ vm: features({ drs: false }) }, {}],
  },
  DPM: {
    fires: { vm: features({ dpm: true }), says: 'DPM' },
    silent: [{ vm: features({ dpm: false }) }, {}],
  },
  HOST_AFFINITY: {
    fires: { vm: features({ hostAffinity: true }), says: 'rule binds the machine' },
    silent: [{ vm: features({ hostAffinity: false }) }, {}],
  },
  VAPP_PROPERTIES: {
    fires: { vm: { properties: { role: 'web', dns: '192.0.2.53' } }, says: 'to the guest: role, dns.' },
    silent: {},
  },
  GUESTINFO_SETTINGS: {
    fires: { vm: { settings: { 'guestinfo.userdata': 'I2Nsb3Vk' } }, says: 'Tools: guestinfo.userdata.' },
    silent: { vm: { settings: { 'svga.autodetect': 'TRUE' } } },
  },
  START_ORDER: {
    fires: {
      vm: { startOrder: 2, startDelaySeconds: 30 },
      says: 'The machine starts at place 2, and the next one 30 s after it.',
    },
    silent: {},
  },
};
