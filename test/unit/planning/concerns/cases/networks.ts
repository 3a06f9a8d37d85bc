import { testMachine, testNic, testPlanned } from '../../../../support/machines.js';
import { type CasesById, guest, nics, onNetwork } from '../rule-case.js';

const numbered = (count: number) => nics(...Array.from({ length: count }, () => ({})));
const kernelDrivers = { pvDrivers: { from: 'kernel', note: 'Since 2.6.36.' } };
const other = (mac: string | null) => testPlanned(testMachine({ name: 'db', nics: [testNic({ mac })] }));
const networks = { networks: [{ name: 'VLAN 12' }] };

export const NETWORKS: CasesById = {
  PLAN_TOO_MANY_NICS: {
    fires: { vm: numbered(8), says: '8 network cards; XenServer supports 7.' },
    silent: { vm: numbered(7) },
  },
  NICS_EMULATED: {
    fires: { vm: { ...numbered(3), firmware: 'efi' }, says: '3 network cards' },
    silent: [
      { vm: { ...numbered(2), firmware: 'efi' } },
      { vm: numbered(3) },
      { vm: { ...numbered(3), firmware: 'efi' }, profile: kernelDrivers },
    ],
  },
  NICS_NONE: { fires: { vm: { nics: [] }, says: 'no network card' }, silent: {} },
  PLAN_DUPLICATE_MAC: {
    fires: {
      others: [other('00:50:56:00:00:01')],
      says: '00:50:56:00:00:01 (also of db): a MAC address for several network cards.',
    },
    silent: [
      { others: [other('00:50:56:00:00:02')] },
      { vm: nics({ mac: null }, { mac: null }), others: [other(null)] },
    ],
  },
  MAC_INVALID: {
    fires: { planned: onNetwork('LAN', false, '00-50-56-00-00-01'), says: '"00-50-56-00-00-01" is no MAC' },
    silent: [{}, { planned: onNetwork('LAN') }],
  },
  MAC_NOT_UNICAST: {
    fires: { planned: onNetwork('LAN', false, '01:00:5e:00:00:01'), says: '01:00:5e:00:00:01 is a group' },
    silent: [{}, { planned: onNetwork('LAN', false, '02:00:5e:00:00:01') }],
  },
  BRIDGE_NAME: {
    fires: { target: { into: 'xl' }, planned: onNetwork('VM Network', true), says: '"VM Network" cannot be' },
    silent: [
      { target: { into: 'xl' }, planned: onNetwork('br-lan.12', true) },
      { target: { into: 'vhd' }, planned: onNetwork('VM Network', true) },
    ],
  },
  NETWORK_UNNAMED: {
    fires: { vm: nics({ network: '' }), planned: onNetwork(''), says: 'does not tell' },
    silent: [{}, { vm: nics({ network: '' }), planned: onNetwork('LAN', true) }],
  },
  NETWORK_UNMAPPED: {
    fires: {
      mappings: { networks: 1 },
      about: 'network card 1 (LAN)',
      says: 'No mapping names the network "LAN".',
    },
    silent: [{}, { mappings: { networks: 1 }, planned: onNetwork('VLAN 12', true) }],
  },
  NETWORK_MISSING: {
    fires: { target: networks, says: 'no network "LAN"' },
    silent: [{}, { target: {} }, { target: networks, planned: onNetwork('VLAN 12') }],
  },
  NIC_SRIOV: {
    fires: { vm: nics({ adapter: 'sriovethernetcard' }), says: 'SR-IOV' },
    silent: { vm: nics({ adapter: 'vmxnet3' }) },
  },
  NIC_DISCONNECTED: { fires: { vm: nics({ connected: false }), says: 'not connected' }, silent: {} },
  NIC_SEVERAL_ADDRESSES: {
    fires: {
      vm: nics({ addresses: ['192.0.2.1', '192.0.2.2'] }),
      says: '2 addresses: 192.0.2.1, 192.0.2.2.',
    },
    silent: { vm: nics({ addresses: ['192.0.2.1'] }) },
  },
  ADDRESSES_MISSING: {
    fires: { vm: guest({ tools: 'running' }), says: 'report no address' },
    silent: [
      {},
      { vm: guest({ tools: 'running', addresses: ['192.0.2.1'] }) },
      { vm: { ...guest({ tools: 'running' }), ...nics({ addresses: ['192.0.2.1'] }) } },
      { vm: { ...guest({ tools: 'running' }), nics: [] } },
    ],
  },
  IPV6_ONLY: {
    fires: { vm: guest({ addresses: ['2001:db8::1'] }), says: 'IPv6 addresses only' },
    silent: [
      {},
      { vm: guest({ addresses: ['2001:db8::1', '192.0.2.1'] }) },
      { vm: { ...guest({ addresses: ['2001:db8::1'] }), ...nics({ addresses: ['192.0.2.1'] }) } },
    ],
  },
};
