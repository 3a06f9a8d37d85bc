import { inspect } from 'node:util';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { fileImage } from '../../../../src/images/index.js';
import { blockCount, MIB } from '../../../../src/model/units.js';
import { UNKNOWN_PLACEMENT } from '../../../../src/model/virtual-machine.js';
import {
  importMachine,
  type MachineImport,
  readPool,
  releaseVm,
  removeOwned,
  resolvePool,
  TransferSlots,
} from '../../../../src/targets/xapi-pool/index.js';
import { WorkerThreadsPool } from '../../../../src/worker-threads-pool/index.js';
import { connectPool } from '../../../../src/xapi/index.js';
import { noise } from '../../../support/disk-maker.js';
import { failureOf } from '../../../support/failure.js';
import { testDisk, testMachine, testNic, testPlanned, testProfile } from '../../../support/machines.js';
import { POOL_PASSWORD, type SmallPool, smallPool } from '../../../support/small-pool.js';
import { tempFiles } from '../../../support/temp-files.js';

const { put } = tempFiles();
const password = { file: put('password', POOL_PASSWORD).path };
const patience = { connect: 2_000, idle: 4_000, pauseScale: 0.001 };
const threads = new WorkerThreadsPool(2);
afterAll(() => threads.close());

/** Two disks: one that ends within a block and has a block of zeros in a file without holes, and a small one. */
const boot = Buffer.alloc(7 * MIB + 512);
noise(1, 2 * MIB).copy(boot);
noise(2, 512).copy(boot, 7 * MIB);
const CONTENTS = [boot, noise(3, 2 * MIB)];

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
  nics: [testNic(), testNic({ mac: null })],
  placement: { ...UNKNOWN_PLACEMENT, folder: 'Shop/Front', tags: ['gold'], attributes: { Owner: 'Ada' } },
});
const planned = testPlanned(machine, {
  startOrder: 2,
  startDelaySeconds: 30,
  profile: { id: 'debian', title: 'Debian', limits: [] },
});
const profile = testProfile({ platform: { viridian: 'false' } });

/** A pool and an import into it that is ready to go. */
async function prepared(
  changes: Partial<MachineImport> = {},
): Promise<{ pool: SmallPool; work: MachineImport }> {
  const pool = await smallPool();
  const { url, tls } = pool;
  const client = await connectPool({
    url,
    user: 'u',
    password,
    tlsFingerprints: [tls.fingerprint],
    patience,
  });
  onTestFinished(() => client.close());
  const view = await readPool(client);
  const placement = resolvePool([planned], [profile], view).placements.get(machine.id);
  if (placement === undefined) throw new Error('not placed');
  const disks = CONTENTS.map((content, index) => ({
    pool: threads,
    source: fileImage('raw', put(`disk${index}.raw`, content).path, content.length),
    capacityBytes: content.length,
    allocated: new Uint8Array(blockCount(content.length)).fill(1),
    threads: 2,
    digest: 'xxh64' as const,
  }));
  const spec = { planned, profile, placement, jobId: 'job-1', appliance: null };
  const slots = new TransferSlots({ perHost: 1, perStorage: 2 });
  const { signal } = new AbortController();
  return {
    pool,
    work: { client, view, slots, spec, disks, format: 'chunked', readBack: 'all', signal, ...changes },
  };
}

/** Classes of which a job may leave nothing. */
function expectNothing({ db }: SmallPool): void {
  for (const name of ['VM', 'VDI', 'VBD', 'VIF', 'VTPM', 'task']) expect(db[name]?.size, name).toBe(0);
}

describe('a machine that is imported', () => {
  it('has its disks in their order, byte for byte', async () => {
    const { pool, work } = await prepared();
    const { readBackBytes } = await importMachine(work);
    const vbds = [...(pool.db.VBD?.values() ?? [])];
    expect(vbds.map(({ userdevice, type, bootable }) => [userdevice, type, bootable])).toEqual([
      ['3', 'CD', false],
      ['0', 'Disk', true],
      ['1', 'Disk', false],
    ]);
    for (const [index, content] of CONTENTS.entries()) {
      const stored = pool.disks.get(String(vbds[index + 1]?.VDI)) ?? Buffer.alloc(0);
      expect(stored.length).toBe(blockCount(content.length) * 2 * MIB);
      expect(stored.subarray(0, content.length).equals(content)).toBe(true);
    }
    expect(readBackBytes).toBe(10 * MIB);
    expect(pool.db.task?.size).toBe(0);
  });

  it('is as planned, and cannot be started until it is released', async () => {
    const { pool, work } = await prepared();
    const { vm, notes } = await importMachine(work);
    const record = pool.db.VM?.get(vm);
    expect(record).toMatchObject({
      name_label: 'web',
      name_description: 'Shop',
      domain_type: 'hvm',
      memory_static_max: machine.memoryBytes,
      memory_dynamic_min: machine.memoryBytes,
      VCPUs_max: 4,
      HVM_boot_policy: 'BIOS order',
      HVM_boot_params: { order: 'cdn', firmware: 'uefi' },
      has_vendor_device: false,
      order: 2,
      start_delay: 30,
      tags: ['xenferry', 'gold'],
    });
    expect(record?.platform).toMatchObject({
      'device-model': 'qemu-upstream-uefi',
      secureboot: 'true',
      'cores-per-socket': '2',
      viridian: 'false',
    });
    expect(record?.other_config).toMatchObject({
      folder: '/Shop/Front',
      'XenCenter.CustomFields.Owner': 'Ada',
      'xenferry:job': 'job-1',
    });
    const vifs = [...(pool.db.VIF?.values() ?? [])];
    expect(vifs.map(({ device, MAC, MTU }) => [device, MAC, MTU])).toEqual([
      ['0', '00:50:56:00:00:01', 9000],
      ['1', '', 9000],
    ]);
    expect(pool.db.VTPM?.size).toBe(1);
    expect(notes.join()).toContain('TPM');
    expect(Object.keys(record?.blocked_operations ?? {})).toEqual(['start', 'start_on']);
    await releaseVm(work.client, vm);
    expect(record?.blocked_operations).toEqual({});
  });

  it('is whole after its uploads were cut at any place', async () => {
    const { pool, work } = await prepared();
    const cuts = [0, 100_000, undefined, 2 * MIB + 20];
    pool.cutAfter = () => cuts.shift();
    await importMachine(work);
    expect(pool.calls.filter((method) => method === 'Async.VDI.create')).toHaveLength(5);
    const stored = [...pool.disks.values()].map((disk) => disk.subarray(0, 2 * MIB));
    expect(stored.filter((head) => head.equals(boot.subarray(0, 2 * MIB)))).toHaveLength(1);
    expect(pool.db.VDI?.size).toBe(2);
  });
});

describe('an import that fails', () => {
  it.each([
    ['failing', 'POOL_UPLOAD_FAILED'],
    ['pending', 'POOL_TASK_LOST'],
  ] as const)('at the end of every upload (%s) leaves nothing behind', async (spoilsUploads, code) => {
    const { pool, work } = await prepared();
    pool.spoilsUploads = spoilsUploads;
    const failure = await failureOf(importMachine(work));
    expect(failure.code).toBe(code);
    expect(inspect(failure)).not.toMatch(/OpaqueRef|session_id/);
    expectNothing(pool);
  });

  it.each([
    'VDI.create',
    'VIF.create',
    'VBD.create',
    'VM.set_blocked_operations',
    'VDI.get_record',
  ])('at %s leaves nothing behind', async (method) => {
    const { pool, work } = await prepared();
    pool.refuse = (called) => (called.endsWith(method) ? ['RBAC_PERMISSION_DENIED', 'x', 'no'] : undefined);
    expect((await failureOf(importMachine(work))).code).toBe('POOL_UNAUTHORIZED');
    expectNothing(pool);
  });

  it.each([
    0,
    3 * MIB,
    7 * MIB + 100,
    8 * MIB - 1,
  ])('by one wrong byte at %i leaves nothing behind', async (place) => {
    const { pool, work } = await prepared();
    pool.onExport = (disk) => {
      if (disk.length === 8 * MIB) disk.writeUInt8(disk.readUInt8(place) ^ 1, place);
    };
    expect((await failureOf(importMachine(work))).code).toBe('VERIFY_MISMATCH');
    expectNothing(pool);
  });

  it('because it was stopped in the middle leaves nothing behind', async () => {
    const stop = new AbortController();
    const { pool, work } = await prepared({ signal: stop.signal });
    pool.cutAfter = () => {
      stop.abort();
      return undefined;
    };
    expect((await failureOf(importMachine(work))).code).toBe('CANCELED');
    expectNothing(pool);
  });
});

describe('what a job made', () => {
  it('is removed, and nothing else: neither copies nor what others made', async () => {
    const { pool, work } = await prepared();
    const { vm } = await importMachine(work);
    const record = pool.db.VM?.get(vm) ?? {};
    const copy = { ...record, uuid: 'copy', VBDs: [] };
    const foreign = { ...copy, uuid: 'foreign', other_config: {} };
    pool.db.VM?.set('OpaqueRef:copy', copy).set('OpaqueRef:foreign', foreign);
    expect((await removeOwned(work.client, new Set(['job-2']))).removed).toEqual([]);
    const { removed, left } = await removeOwned(work.client, new Set(['job-1']));
    expect([removed.length, left]).toEqual([3, []]);
    expect([...(pool.db.VM?.keys() ?? [])]).toEqual(['OpaqueRef:copy', 'OpaqueRef:foreign']);
    expect(pool.db.VDI?.size).toBe(0);
  });

  it('is left when it runs', async () => {
    const { pool, work } = await prepared();
    const { vm } = await importMachine(work);
    Object.assign(pool.db.VM?.get(vm) ?? {}, { power_state: 'Running' });
    const { removed, left } = await removeOwned(work.client, new Set(['job-1']));
    expect(removed).toEqual([]);
    expect(left).toContainEqual({ what: 'VM web', reason: 'it is running' });
    expect(pool.db.VDI?.size).toBe(2);
  });
});
