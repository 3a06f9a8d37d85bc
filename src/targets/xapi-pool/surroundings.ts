import type { Profile } from '../../guests/profiles/index.js';
import type { PlannedMachine } from '../../model/plan.js';
import { vmRecord } from './vm-record.js';

/** What is made around a machine's disks in a pool, as data, without what the pool itself decides. */
export function poolSurroundings(planned: PlannedMachine, profile: Profile): unknown {
  const { disks, nics, machine } = planned;
  const placement = { storage: [], networks: [], template: null };
  return {
    vm: vmRecord({ planned, profile, placement, jobId: '', appliance: null }),
    disks: disks.map(({ storage }, index) => [storage, machine.disks[index]?.capacityBytes]),
    nics,
    virtualTpm: machine.virtualTpm,
  };
}
