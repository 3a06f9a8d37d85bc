import { open } from 'node:fs/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { fileImage } from '../../../../src/images/index.js';
import { blockCount, GIB, MIB } from '../../../../src/model/units.js';
import {
  importMachine,
  readPool,
  resolvePool,
  TransferSlots,
} from '../../../../src/targets/xapi-pool/index.js';
import { WorkerThreadsPool } from '../../../../src/worker-threads-pool/index.js';
import { noise } from '../../../support/disk-maker.js';
import { testDisk, testMachine, testPlanned } from '../../../support/machines.js';
import { PROFILE } from '../../../support/pool-import.js';
import { connected, simulatedPool } from '../../../support/simulated-pool.js';
import { tempFiles } from '../../../support/temp-files.js';

const { put } = tempFiles();
const threads = new WorkerThreadsPool(2);
afterAll(() => threads.close());

/** More than a VHD holds, nearly all of it holes. */
const CAPACITY = 2041 * GIB;
const machine = testMachine({ disks: [testDisk({ capacityBytes: CAPACITY })] });
const planned = testPlanned(machine, {
  disks: [{ dataBytes: 4 * MIB, certainBytes: 0, storage: 'Large' }],
  profile: { id: 'debian', title: 'Debian', limits: [] },
});
const REPOSITORIES = [
  { name: 'Local', type: 'ext', size: 1024 * GIB },
  { name: 'Large', type: 'nfs', size: 4096 * GIB, formats: ['vhd', 'qcow2'] },
] as const;

describe('a disk above 2040 GiB', () => {
  it('becomes a qcow2 disk of a repository that makes such, with its data at its place', async () => {
    const pool = await simulatedPool({ repositories: REPOSITORIES });
    const client = await connected(pool);
    const view = await readPool(client);
    const { placements, concerns } = resolvePool([planned], [PROFILE], view);
    expect((concerns.get(machine.id) ?? []).filter(({ severity }) => severity === 'critical')).toEqual([]);
    const placement = placements.get(machine.id);
    if (placement === undefined) throw new Error('not placed');
    const { path } = put('large.raw', '');
    const data = noise(1, 4096);
    const file = await open(path, 'r+');
    await file.truncate(CAPACITY);
    await file.write(data, 0, data.length, CAPACITY - data.length);
    await file.close();
    const allocated = new Uint8Array(blockCount(CAPACITY));
    allocated[allocated.length - 1] = 1;
    const { vm } = await importMachine({
      client,
      view,
      spec: { planned, profile: PROFILE, placement, jobId: 'job-1', appliance: null },
      slots: new TransferSlots({ perHost: 1, perStorage: 1 }),
      disks: [
        {
          pool: threads,
          source: fileImage('raw', path, CAPACITY),
          capacityBytes: CAPACITY,
          allocated,
          threads: 2,
          digest: 'xxh64',
        },
      ],
      // Which cannot be.
      format: 'vhd',
      readBack: 'none',
      signal: new AbortController().signal,
    });
    const [vdi] = pool.objects.all('VDI');
    expect(vdi?.map('sm_config')).toEqual({ 'image-format': 'qcow2' });
    expect(vdi?.number('virtual_size')).toBe(CAPACITY);
    expect(pool.objects.find('VM', vm)).toBeDefined();
    const stored = await open(pool.vdiFile(vdi?.ref ?? ''), 'r');
    const { buffer } = await stored.read(Buffer.alloc(data.length), 0, data.length, CAPACITY - data.length);
    await stored.close();
    expect(buffer.equals(data)).toBe(true);
  });

  it.each([
    ['Local', 'these do: Large'],
    ['Large', null],
    ['free', null],
  ])('is told before anything happens where it cannot be: %s', async (storage, alternative) => {
    const pool = await simulatedPool({ repositories: REPOSITORIES });
    const view = await readPool(await connected(pool));
    const disks = [{ dataBytes: 4 * MIB, certainBytes: 0, storage }];
    const { concerns } = resolvePool([{ ...planned, disks }], [PROFILE], view);
    const found = (concerns.get(machine.id) ?? []).find(({ id }) => id === 'POOL_DISK_TOO_LARGE');
    expect(found?.message ?? null).toEqual(
      alternative === null ? null : expect.stringContaining(alternative),
    );
    expect(found?.severity ?? null).toBe(alternative === null ? null : 'critical');
  });
});
