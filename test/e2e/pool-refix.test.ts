import { mkdtempSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Row, type SimulatedPool, startPool } from '../simulators/xapi-pool/index.js';
import { canMount } from '../support/guest-disks.js';
import { expectSameContent } from '../support/oracles.js';
import { poolMigration } from '../support/pool-migration.js';
import { runCli, startCli } from '../support/run-cli.js';
import { tempFiles } from '../support/temp-files.js';
import { logIn, POOL_CERTIFICATE } from '../support/xapi-caller.js';

const SOURCE = join(import.meta.dirname, '../../samples/estate/web01');
const VMDK = { path: join(SOURCE, 'web01-disk1.vmdk'), format: 'vmdk' };
/** In a block of the sample that no fixup changes. */
const ELSEWHERE = 60 * 2 ** 20;
const { folder } = tempFiles();

let pool: SimulatedPool;
let own: string;
let migration: string;

beforeEach(async () => {
  own = mkdtempSync(join(folder, 'case-'));
  pool = await startPool({
    certificate: POOL_CERTIFICATE,
    timings: { loginDelayMs: 0 },
    repositories: [{ name: 'Local', type: 'ext', size: 2 ** 40 }],
    networks: ['Office LAN', 'DMZ', 'VM Network', 'Backup'],
  });
  migration = poolMigration(own, pool);
});

afterEach(() => pool.close());

const argumentsOf = (fixups: 'off' | 'auto') => ['run', SOURCE, '-m', migration, '--fixups', fixups];

async function run(fixups: 'off' | 'auto'): Promise<string> {
  const { exitCode, stdout, stderr } = await runCli(argumentsOf(fixups));
  expect(exitCode, stdout + stderr).toBe(0);
  return stdout;
}

async function orderRefix(): Promise<void> {
  expect(await runCli(['refix', join(own, 'out')])).toMatchObject({ exitCode: 0 });
}

function web(): Row {
  return pool.objects.named('VM', 'web01');
}

function diskFile(): string {
  const vbds = pool.objects.all('VBD');
  const disk = vbds.find((vbd) => vbd.text('VM') === web().ref && vbd.text('type') === 'Disk');
  return pool.vdiFile(disk?.text('VDI') ?? '');
}

async function exchange(bytes: Buffer): Promise<Buffer> {
  const file = await open(diskFile(), 'r+');
  const { buffer } = await file.read(Buffer.alloc(bytes.length), 0, bytes.length, ELSEWHERE);
  await file.write(bytes, 0, bytes.length, ELSEWHERE);
  await file.close();
  return buffer;
}

describe.skipIf(!canMount)('a machine in a pool whose guest is mended anew', () => {
  it('keeps its VM and disk, of which only changed blocks are written', { timeout: 120_000 }, async () => {
    await run('auto');
    const { uuid } = web().values;
    const mark = Buffer.alloc(512, 'nobody writes here');
    const before = await exchange(mark);
    await orderRefix();
    await run('off');
    expect(web().values.uuid).toBe(uuid);
    expect(web().map('blocked_operations')).toEqual({});
    expect(await exchange(before)).toEqual(mark);
    await expectSameContent(VMDK, { path: diskFile(), format: 'raw' });
    // Nothing is left to do.
    await run('off');
    expect(pool.objects.all('VDI')).toHaveLength(1);
  });

  it('comes out right after kills at any moment, and is locked in between', {
    timeout: 180_000,
  }, async () => {
    await run('auto');
    await orderRefix();
    for (const life of [900, 1_500, 2_100]) {
      const killed = startCli(argumentsOf('off'));
      await delay(life);
      killed.kill('SIGKILL');
      await killed.catch(() => {});
    }
    await run('off');
    expect(web().map('blocked_operations')).toEqual({});
    await expectSameContent(VMDK, { path: diskFile(), format: 'raw' });
  });

  it('is refused once its VM was started, and left as it is', { timeout: 120_000 }, async () => {
    await run('auto');
    const operator = await logIn(pool.url);
    await operator.call('VM.start', web().ref, false, false);
    await operator.call('VM.hard_shutdown', web().ref);
    const mark = Buffer.alloc(512, 'the guest wrote this');
    await exchange(mark);
    await orderRefix();
    const { exitCode, stdout, stderr } = await runCli(argumentsOf('off'));
    expect(exitCode).not.toBe(0);
    expect(stdout + stderr).toContain('REFIX_REFUSED');
    expect(web().map('blocked_operations')).toEqual({});
    expect(await exchange(mark)).toEqual(mark);
    expect(await run('off')).toContain('1 of 1 machines done');
  });

  it('stays locked as long as the upload fails', { timeout: 120_000 }, async () => {
    await run('auto');
    await orderRefix();
    pool.faults.next('PUT /import_raw_vdi', { kind: 'io-error' }, 20);
    const failing = startCli(argumentsOf('off'));
    const locks = () => Object.keys(web().map('blocked_operations')).sort();
    await expect.poll(locks).toEqual(['start', 'start_on']);
    // Its patience with a pool takes longer than needs to be waited for here.
    await delay(2_000);
    failing.kill('SIGINT');
    // It ends by itself, whatever the broken upload was about.
    expect((await failing).exitCode).toBe(130);
    expect(locks()).toEqual(['start', 'start_on']);
    pool.faults.clear();
    await run('off');
    expect(web().map('blocked_operations')).toEqual({});
    await expectSameContent(VMDK, { path: diskFile(), format: 'raw' });
  });
});
