import { basename, extname } from 'node:path';
import { loadProfiles } from '../guests/profiles/index.js';
import { NO_ORDER, NO_POOL_SETTINGS, type PlannedMachine } from '../model/plan.js';
import { GIB } from '../model/units.js';
import { UNTOLD_DISK, UNTOLD_MACHINE } from '../model/virtual-machine.js';
import { type XvaPlan, xvaPlan } from '../targets/xva-folder/index.js';

/** A machine around the one disk that `input` names, to be adapted after the import. */
export async function oneDiskMachine(input: string, capacityBytes: number): Promise<XvaPlan> {
  return xvaPlan(machineAround(input, capacityBytes), await loadProfiles());
}

function machineAround(input: string, capacityBytes: number): PlannedMachine {
  const file = basename(input);
  const name = basename(input, extname(input));
  return {
    machine: {
      ...UNTOLD_MACHINE,
      id: file,
      name,
      description: '',
      uuid: null,
      guestOs: '',
      firmware: 'bios',
      secureBoot: false,
      cpus: 1,
      coresPerSocket: 1,
      memoryBytes: GIB,
      disks: [
        { ...UNTOLD_DISK, capacityBytes, format: '', file, controller: '', bus: 0, unit: 0, location: null },
      ],
      nics: [],
      source: { kind: 'vmx', descriptor: file },
    },
    profile: { id: 'generic', title: '', limits: [] },
    output: `${name}.xva`,
    name,
    disks: [{ dataBytes: 0, certainBytes: 0, storage: null }],
    nics: [],
    coresPerSocket: 1,
    wave: '',
    startOrder: null,
    startDelaySeconds: 0,
    ...NO_ORDER,
    ...NO_POOL_SETTINGS,
    fixups: 'off',
    live: null,
    dataBytes: 0,
    certainBytes: 0,
    concerns: [],
  };
}
