import { GIB } from '../../../../../src/model/units.js';
import { type CasesById, features, host } from '../rule-case.js';

export const CPU_MEMORY: CasesById = {
  PLAN_CPU_TOPOLOGY: {
    fires: {
      vm: { cpus: 6, coresPerSocket: 4 },
      planned: { coresPerSocket: 1 },
      says: '6 CPUs are no multiple of 4 cores per socket.',
      severity: 'warning',
    },
    silent: { vm: { cpus: 8, coresPerSocket: 4 } },
  },
  CPUS_NONE: { fires: { vm: { cpus: 0 }, says: 'gives the machine 0 CPUs' }, silent: { vm: { cpus: 1 } } },
  CPUS_BEYOND_HOST: {
    fires: { vm: { cpus: 17 }, target: host(), says: '17 CPUs; no host of the target has as many.' },
    silent: [{ vm: { cpus: 16 }, target: host() }, { vm: { cpus: 17 } }, { vm: { cpus: 17 }, target: {} }],
  },
  CPUS_OVER_32: { fires: { vm: { cpus: 33 }, says: '33 CPUs' }, silent: { vm: { cpus: 32 } } },
  CPUS_OVER_64: { fires: { vm: { cpus: 65 }, says: '65 CPUs' }, silent: { vm: { cpus: 64 } } },
  MEMORY_NONE: { fires: { vm: { memoryBytes: 0 }, says: 'no memory' }, silent: { vm: { memoryBytes: GIB } } },
  MEMORY_BEYOND_HOST: {
    fires: { vm: { memoryBytes: 65 * GIB }, target: host(), says: '65 GiB of memory; no host' },
    silent: [{ vm: { memoryBytes: 64 * GIB }, target: host() }, { vm: { memoryBytes: 65 * GIB } }],
  },
  MEMORY_OVER_LIMIT: {
    fires: { vm: { memoryBytes: 1537 * GIB }, says: '1537 GiB of memory' },
    silent: { vm: { memoryBytes: 1536 * GIB } },
  },
  HOT_ADD: {
    fires: { vm: features({ cpuHotAdd: true, memoryHotAdd: true }), says: 'on for CPUs and memory.' },
    silent: [{ vm: features({ cpuHotAdd: false, memoryHotAdd: false }) }, {}],
  },
  CPU_AFFINITY: {
    fires: { vm: features({ cpuAffinity: true }), says: 'certain processors' },
    silent: [{ vm: features({ cpuAffinity: false }) }, {}],
  },
  NUMA_AFFINITY: {
    fires: { vm: features({ numaAffinity: true }), says: 'NUMA nodes' },
    silent: [{ vm: features({ numaAffinity: false }) }, {}],
  },
  CPU_RESERVED: {
    fires: { vm: features({ cpuReservationMhz: 2000 }), says: '2000 MHz' },
    silent: [{ vm: features({ cpuReservationMhz: 0 }) }, {}],
  },
  MEMORY_RESERVED: {
    fires: { vm: features({ memoryReservationBytes: 2 * GIB }), says: '2 GiB of memory are reserved' },
    silent: [{ vm: features({ memoryReservationBytes: 0 }) }, {}],
  },
  LATENCY_SENSITIVE: {
    fires: { vm: features({ latencySensitive: true }), says: 'high latency sensitivity' },
    silent: [{ vm: features({ latencySensitive: false }) }, {}],
  },
  NESTED_VIRTUALIZATION: {
    fires: { vm: features({ nestedVirtualization: true }), says: 'hardware virtualization' },
    silent: [{ vm: features({ nestedVirtualization: false }) }, {}],
  },
  VIRTUALIZATION_BASED_SECURITY: {
    fires: { vm: features({ virtualizationBasedSecurity: true }), says: 'security is on' },
    silent: [{ vm: features({ virtualizationBasedSecurity: false }) }, {}],
  },
  CONFIDENTIAL_COMPUTING: {
    fires: { vm: features({ confidentialComputing: true }), says: 'enclave' },
    silent: [{ vm: features({ confidentialComputing: false }) }, {}],
  },
};
