import { type CasesById, host, repository } from '../rule-case.js';

const qcow2 = repository({ format: 'qcow2' });

export const TARGET: CasesById = {
  QCOW2_UNSUPPORTED: {
    fires: {
      target: { product: 'xcp-ng', release: '8.2.1', ...qcow2 },
      about: 'SR 1',
      says: '"SR 1" is to hold qcow2 disks, which XCP-ng 8.2.1 does not know.',
    },
    silent: [{ target: { product: 'xcp-ng', release: '8.3', ...qcow2 } }, { target: qcow2 }, {}],
  },
  QCOW2_UPDATES: {
    fires: {
      target: { product: 'xcp-ng', release: '8.3', ...qcow2 },
      says: '"SR 1" is to hold qcow2 disks.',
    },
    silent: [{ target: repository() }, { target: { product: 'xenserver', ...qcow2 } }, {}],
  },
  RELEASE_OLD: {
    fires: { target: { release: '7.6' }, says: 'Release 7.6' },
    silent: [{ target: { release: '8' } }, { target: { release: '8.2.1' } }, {}],
  },
  HOSTS_UNLIKE: {
    fires: {
      target: { hosts: [...host().hosts, ...host({ memoryGiB: 256 }).hosts] },
      says: 'twice the memory',
    },
    silent: [{ target: { hosts: [...host().hosts, ...host({ memoryGiB: 128 }).hosts] } }, {}],
  },
};
