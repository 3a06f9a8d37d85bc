import {
  type Limits,
  NO_PLACE_LIMITS,
  type PlannedMachine,
  type PlannedWave,
  type Rates,
} from '../../../../src/model/plan.js';
import { MIB } from '../../../../src/model/units.js';
import { UNKNOWN_PLACEMENT } from '../../../../src/model/virtual-machine.js';
import type { EstimateInput } from '../../../../src/planning/estimate/index.js';
import { testDisk, testMachine, testPlanned } from '../../../support/machines.js';

export interface TestDisk {
  readonly mib: number;
  readonly datastore?: string;
  readonly storage?: string;
}

/** A machine on `host` with disks of so much data, each twice as large. */
export function moved(name: string, host: string | null, disks: readonly TestDisk[]): PlannedMachine {
  const machine = testMachine({
    name,
    placement: { ...UNKNOWN_PLACEMENT, host },
    disks: disks.map(({ mib, datastore = null }) => testDisk({ capacityBytes: 2 * mib * MIB, datastore })),
  });
  return testPlanned(machine, {
    disks: disks.map(({ mib, storage = null }) => ({ dataBytes: mib * MIB, certainBytes: 0, storage })),
  });
}

/** Only a source's 100 MiB/s matter, unless `changes` says otherwise. */
export function rates(changes: Partial<Rates> = {}): Rates {
  return {
    sourceMiBps: 100,
    networkMiBps: 1e5,
    threadMiBps: 1e5,
    targetMiBps: 1e5,
    secondsPerMachine: 0,
    ...changes,
  };
}

export function limits(changes: Partial<Limits> = {}): Limits {
  return {
    machinesAtOnce: 100,
    machinesPerHost: 100,
    machinesPerDatastore: 100,
    threads: 1,
    ...NO_PLACE_LIMITS,
    ...changes,
  };
}

/** One wave of all machines, to be begun at any time. */
export function oneWave(
  machines: readonly PlannedMachine[],
  changes: Partial<EstimateInput> = {},
  window: PlannedWave['window'] = null,
): EstimateInput {
  const machineIds = machines.map(({ machine }) => machine.id);
  return {
    machines,
    waves: [{ name: 'all', machineIds, window }],
    rates: rates(),
    limits: limits(),
    start: null,
    blackOuts: [],
    target: undefined,
    ...changes,
  };
}
