import type { Inventory } from '../model/inventory.js';
import { isBlocking, type Plan, type PlannedMachine } from '../model/plan.js';
import type { VirtualMachine } from '../model/virtual-machine.js';
import type { PlanDocument } from './api/plans.js';

type MachineDocument = PlanDocument['machines'][number];

/** What a plan says, with the machines of its sources that it leaves out. `migration`: the text it was made of. */
export function planDocument(plan: Plan, inventory: Inventory, migration: string): PlanDocument {
  const planned = new Map(plan.machines.map((machine) => [machine.machine.id, machine]));
  const { bytes, seconds, bottleneck, waves, storage } = plan.estimate;
  return {
    migration,
    concerns: plan.concerns.map((concern) => ({ ...concern })),
    unreadable: plan.unreadable.map(({ file, line, code, message, hint }) => ({
      file,
      line,
      code,
      message,
      hint,
    })),
    waves: plan.waves.map(({ name, machineIds, window }) => ({
      name,
      machineIds: [...machineIds],
      window: window?.name ?? null,
    })),
    machines: inventory.machines.map((machine) => {
      const known = planned.get(machine.id);
      return known === undefined ? skippedMachine(machine) : plannedMachine(known);
    }),
    estimate: {
      bytes,
      seconds,
      bottleneck,
      waves: waves.map((wave) => ({ ...wave })),
      storage: storage.map((one) => ({ ...one })),
    },
    blocked: plan.concerns.some(isBlocking),
  };
}

function plannedMachine(planned: PlannedMachine): MachineDocument {
  const { machine, name, wave, profile, dataBytes, disks, nics, concerns, fixups } = planned;
  return {
    id: machine.id,
    sourceName: machine.name,
    name,
    wave,
    os: profile.title,
    dataBytes,
    disks: disks.map(({ storage, dataBytes: bytes }) => ({ storage, dataBytes: bytes })),
    nics: nics.map(({ network, mac }) => ({ network, mac })),
    profile: profile.id,
    concerns: concerns.map((concern) => ({ ...concern })),
    skipped: false,
    fixups,
  };
}

/** Its disks were not looked into. */
function skippedMachine({ id, name, guestOs, disks, nics }: VirtualMachine): MachineDocument {
  return {
    id,
    sourceName: name,
    name,
    wave: '',
    os: guestOs,
    dataBytes: 0,
    disks: disks.map(() => ({ storage: null, dataBytes: 0 })),
    nics: nics.map(({ network, mac }) => ({ network, mac })),
    profile: '',
    concerns: [],
    skipped: true,
    fixups: 'off',
  };
}
