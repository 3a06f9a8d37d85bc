import { readFileSync } from 'node:fs';
import { fileImage } from '../../src/images/index.js';
import type { PlannedMachine } from '../../src/model/plan.js';
import { blockCount, MIB } from '../../src/model/units.js';
import { UNKNOWN_PLACEMENT } from '../../src/model/virtual-machine.js';
import {
  type MachineImport,
  readPool,
  resolvePool,
  TransferSlots,
} from '../../src/targets/xapi-pool/index.js';
import { WorkerThreadsPool } from '../../src/worker-threads-pool/index.js';
import type { XapiClient } from '../../src/xapi/index.js';
import type { SimulatedPool } from '../simulators/xapi-pool/index.js';
import { noise } from './disk-maker.js';
import { testDisk, testMachine, testNic, testPlanned, testProfile } from './machines.js';
import { tempFiles } from './temp-files.js';

/** Two disks: one that ends within a block and has a block of zeros in a file without holes, and a small one. */
const boot = Buffer.alloc(7 * MIB + 512);
noise(1, 2 * MIB).copy(boot);
noise(2, 512).copy(boot, 7 * MIB);
export const CONTENTS: readonly Buffer[] = [boot, noise(3, 2 * MIB)];

const machine = testMachine({
  name: 'web',
  description: 'Shop',
  firmware: 'efi',
  secureBoot: true,
  virtualTpm: true,
  cpus: 4,
  coresPerSocket: 2,
  disks: CONTENTS.map((content, index) =>
    testDisk({ capacityBytes: content.length, file: `disk${index}.vmdk`, unit: index }),
  ),
  nics: [testNic({ network: 'xenbr0' }), testNic({ network: 'xenbr1', mac: null })],
  placement: { ...UNKNOWN_PLACEMENT, folder: 'Shop/Front', tags: ['gold'], attributes: { Owner: 'Ada' } },
});

/** A machine that uses much of what a pool has. */
export const WEB: PlannedMachine = testPlanned(machine, {
  startOrder: 2,
  startDelaySeconds: 30,
  profile: { id: 'debian', title: 'Debian', limits: [] },
});

export const PROFILE = testProfile({ platform: { viridian: 'false' } });

/** Makes imports of WEB, or of a machine with the same disks, ready to go; for one test file. */
export function importMaker(
  afterAll: (close: () => Promise<void>) => void,
): (
  client: XapiClient,
  changes?: Partial<MachineImport>,
  planned?: PlannedMachine,
) => Promise<MachineImport> {
  const { put } = tempFiles();
  const threads = new WorkerThreadsPool(2);
  afterAll(() => threads.close());
  return async (client, changes = {}, planned = WEB) => {
    const view = await readPool(client);
    const placement = resolvePool([planned], [PROFILE], view).placements.get(planned.machine.id);
    if (placement === undefined) throw new Error('not placed');
    const disks = CONTENTS.map((content, index) => ({
      pool: threads,
      source: fileImage('raw', put(`disk${index}.raw`, content).path, content.length),
      capacityBytes: content.length,
      allocated: new Uint8Array(blockCount(content.length)).fill(1),
      threads: 2,
      digest: 'xxh64' as const,
    }));
    return {
      client,
      view,
      disks,
      spec: { planned, profile: PROFILE, placement, jobId: 'job-1', appliance: null },
      slots: new TransferSlots({ perHost: 2, perStorage: 4 }),
      format: 'chunked',
      readBack: 'all',
      signal: new AbortController().signal,
      ...changes,
    };
  };
}

/** Contents of a VM's disks by their device number, as the pool has them. */
export function storedDisks(pool: SimulatedPool, vm: string): Map<string, Buffer> {
  const vbds = pool.objects.all('VBD').filter((vbd) => vbd.text('VM') === vm && vbd.text('type') === 'Disk');
  return new Map(vbds.map((vbd) => [vbd.text('userdevice'), readFileSync(pool.vdiFile(vbd.text('VDI')))]));
}
