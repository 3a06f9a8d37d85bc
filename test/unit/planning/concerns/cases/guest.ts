import { GIB, MIB } from '../../../../../src/model/units.js';
import { type CasesById, guest } from '../rule-case.js';

const volume = (path: string, freeMiB: number, capacityBytes = GIB) =>
  guest({ volumes: [{ path, capacityBytes, freeBytes: freeMiB * MIB }] });
const windows = { guestOs: 'windows2019srv_64Guest' };

export const GUEST: CasesById = {
  GUEST_UNKNOWN: {
    fires: { vm: { guestOs: 'beos' }, profile: { id: 'generic' }, says: 'fits the guest "beos"' },
    silent: {},
  },
  GUEST_RELEASE_UNKNOWN: {
    fires: { profile: { precision: 'product' }, says: 'was recognized as Debian, its release was not.' },
    silent: [{ profile: { precision: 'release' } }, {}],
  },
  GUEST_MACOS: {
    fires: { vm: { guestOs: 'darwin19_64Guest' }, says: 'macOS (darwin19_64Guest)' },
    silent: { vm: windows },
  },
  GUEST_ESXI: { fires: { vm: { guestOs: 'vmkernel7Guest' }, says: 'ESXi (vmkernel7Guest)' }, silent: {} },
  GUEST_UNSUPPORTED: {
    fires: { profile: { support: 'none' }, says: 'Debian is not known to run on Xen.' },
    silent: [
      { profile: { support: 'full' } },
      {},
      { vm: { guestOs: 'darwin19_64Guest' }, profile: { support: 'none' } },
    ],
  },
  PV_DRIVERS_MISSING: {
    fires: {
      profile: { pvDrivers: { from: 'none', note: 'Its kernel is too old.' } },
      says: 'There are no Xen drivers for Debian: Its kernel is too old.',
    },
    silent: [{ profile: { pvDrivers: { from: 'kernel', note: 'Since 2.6.36.' } } }, {}],
  },
  GUEST_ANCIENT: { fires: { vm: { guestOs: 'winNTGuest' }, says: '(winNTGuest)' }, silent: { vm: windows } },
  GUEST_END_OF_LIFE: {
    fires: { profile: { endOfLife: '2026-11-26' }, says: 'Support for Debian ended on 2026-11-26.' },
    silent: [{ profile: { endOfLife: '2026-11-27' } }, {}],
  },
  GUEST_CONTRADICTORY: {
    fires: {
      vm: { ...windows, ...guest({ reportedOs: 'Ubuntu Linux (64-bit)' }) },
      says: '"Ubuntu Linux (64-bit)"',
    },
    silent: [
      { vm: { ...windows, ...guest({ reportedOs: 'Microsoft Windows Server 2019 (64-bit)' }) } },
      { vm: windows },
    ],
  },
  TOOLS_MISSING: {
    fires: { vm: guest({ tools: 'not installed' }), says: 'not installed' },
    silent: [{}, { vm: guest({ tools: 'running' }) }],
  },
  TOOLS_STOPPED: {
    fires: { vm: { ...guest({ tools: 'not running' }), powerState: 'on' }, says: 'do not run' },
    silent: [{}, { vm: { ...guest({ tools: 'not running' }), powerState: 'off' } }],
  },
  TOOLS_OUTDATED: {
    fires: { vm: guest({ tools: 'outdated' }), says: 'out of date' },
    silent: [{}, { vm: guest({ tools: 'running' }) }],
  },
  HOST_NAME_EMPTY: {
    fires: { vm: guest({ tools: 'running' }), says: 'no host name' },
    silent: [{}, { vm: guest({ tools: 'running', hostName: 'web' }) }],
  },
  HOST_NAME_DEFAULT: {
    fires: { vm: guest({ hostName: 'localhost.localdomain' }), says: 'called "localhost.localdomain"' },
    silent: [{}, { vm: guest({ hostName: 'web.example' }) }],
  },
  VOLUME_FULL: {
    fires: { vm: volume('C:\\', 99), about: 'volume C:\\', says: '99 MiB free of 1 GiB on C:\\.' },
    silent: [
      { vm: volume('C:\\', 100) },
      { vm: volume('/', 100) },
      { vm: volume('/boot', 50) },
      { vm: volume('/srv', 10) },
      { vm: volume('/snap/core/1', 0) },
      { vm: volume('/mnt/tiny', 0, MIB) },
    ],
  },
  DOMAIN_CONTROLLER: {
    fires: { vm: { ...windows, name: 'BER-DC01' }, says: '"BER-DC01"' },
    silent: [{ vm: { ...windows, name: 'dcim-web' } }, { vm: { name: 'BER-DC01' } }],
  },
  CLUSTER_NODE: {
    fires: { vm: { name: 'sql-cluster-2' }, says: '"sql-cluster-2"' },
    silent: [{}, { vm: { name: 'oracle' } }],
  },
  VMWARE_APPLIANCE: { fires: { vm: { name: 'vcsa-7' }, says: '"vcsa-7"' }, silent: {} },
};
