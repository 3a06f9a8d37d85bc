import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { MIB } from '../../src/model/units.js';
import { type SimulatedPool, startPool } from '../simulators/xapi-pool/index.js';
import { poolMigration } from '../support/pool-migration.js';
import { runCli, startCli } from '../support/run-cli.js';
import {
  type SimulatedVcenter,
  startVcenter,
  VCENTER_PASSWORD,
  type VcenterFault,
} from '../support/simulated-vcenter.js';
import { tempFiles } from '../support/temp-files.js';
import { loggedIn } from '../support/vcenter-caller.js';
import { createMachines, type MadeMachine } from '../support/vcenter-machines.js';
import { POOL_CERTIFICATE } from '../support/xapi-caller.js';

const DISK_BYTES = 48 * MIB;
const { folder } = tempFiles();

let own: string;
let vcenter: SimulatedVcenter;
let pool: SimulatedPool;
let machine: MadeMachine;
/** What the guest's disk holds. */
let content: Buffer;

beforeEach(async () => {
  own = mkdtempSync(join(folder, 'case-'));
  content = Buffer.alloc(DISK_BYTES);
  for (const block of [0, 1, 7, 11, 23]) randomBytes(2 * MIB).copy(content, block * 2 * MIB);
  vcenter = await startVcenter();
  pool = await startPool({
    certificate: POOL_CERTIFICATE,
    timings: { loginDelayMs: 0 },
    repositories: [{ name: 'Local', type: 'ext', size: 2 ** 40 }],
    networks: ['VM Network'],
  });
  const disks = [{ content, controller: 'pvscsi' as const }];
  const [made] = await createMachines(vcenter, await loggedIn(vcenter), [
    { name: 'shop', disks, running: true, tools: true, shutdownMs: 200 },
  ]);
  if (made === undefined) throw new Error('no machine');
  machine = made;
});

afterEach(async () => {
  await vcenter.close();
  await pool.close();
});

function migration(live: object): string {
  writeFileSync(join(own, 'vcenter.secret'), `${VCENTER_PASSWORD}\n`);
  const source = {
    vsphere: new URL(vcenter.url).origin,
    user: vcenter.user,
    password: { file: 'vcenter.secret' },
    tlsFingerprints: [vcenter.fingerprint],
  };
  return poolMigration(own, pool, {
    sources: [source],
    select: [{ name: 'shop' }],
    live: {
      move: 'warm',
      allow: ['snapshot', 'changeTracking', 'shutDown'],
      precopy: { passes: 3, pauseMinutes: 0.02 },
      ...live,
    },
  });
}

/** A guest that writes here and there until it is shut down. */
class BusyGuest {
  #ended = false;
  readonly #end: Promise<void>;
  writes = 0;

  constructor() {
    this.#end = this.#work();
  }

  async stop(): Promise<void> {
    this.#ended = true;
    await this.#end;
  }

  async #work(): Promise<void> {
    while (!this.#ended) {
      const offset = Math.floor(Math.random() * (DISK_BYTES / 4096 - 32)) * 4096;
      const bytes = this.writes % 5 === 4 ? Buffer.alloc(65_536) : randomBytes(16_384);
      try {
        await vcenter.write(machine.name, machine.disks[0]?.key ?? 0, offset, bytes);
      } catch {
        // It is off.
        return;
      }
      bytes.copy(content, offset);
      this.writes++;
      await delay(20);
    }
  }
}

function diskInPool(): Buffer {
  const vm = pool.objects.named('VM', 'shop');
  const vbds = pool.objects.all('VBD');
  const disk = vbds.find((vbd) => vbd.text('VM') === vm.ref && vbd.text('type') === 'Disk');
  return readFileSync(pool.vdiFile(disk?.text('VDI') ?? '')).subarray(0, DISK_BYTES);
}

const digestOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

const callsOf = async (method: string) => (await vcenter.log()).filter(({ call }) => call === method).length;

describe('a machine that is moved while it runs', () => {
  it('is the same in the pool, whatever it wrote meanwhile', { timeout: 120_000 }, async () => {
    const guest = new BusyGuest();
    const { exitCode, stdout, stderr } = await runCli(['run', '-m', migration({})]);
    await guest.stop();
    expect(exitCode, stdout + stderr).toBe(0);
    expect(guest.writes).toBeGreaterThan(10);
    expect(digestOf(diskInPool())).toBe(digestOf(content));
    expect((await vcenter.state()).snapshots).toEqual([]);
    expect(await callsOf('CreateSnapshot_Task')).toBeGreaterThanOrEqual(3);
    expect(await callsOf('QueryChangedDiskAreas')).toBeGreaterThanOrEqual(2);
    expect(await callsOf('PowerOnVM_Task')).toBe(1);
  });

  it.each<[string, VcenterFault]>([
    ['sessions end', { kind: 'dropSessions' }],
    ['transfers are cut', { kind: 'cut', transfer: 'folder', afterBytes: 3 * MIB, times: 3 }],
    ['the list of changes is lost', { kind: 'resetTracking', vm: 'shop' }],
    ['calls are cut', { kind: 'hangUp', method: 'QueryChangedDiskAreas', times: 2 }],
  ])('is the same although %s', { timeout: 120_000 }, async (_, fault) => {
    const run = startCli(['run', '-m', migration({ precopy: { passes: 4, pauseMinutes: 0.02 } })]);
    const guest = new BusyGuest();
    await expect.poll(() => callsOf('CreateSnapshot_Task'), { timeout: 60_000 }).toBeGreaterThan(0);
    await vcenter.fault(fault);
    const { exitCode, stdout, stderr } = await run;
    await guest.stop();
    expect(exitCode, stdout + stderr).toBe(0);
    expect(digestOf(diskInPool())).toBe(digestOf(content));
    expect((await vcenter.state()).snapshots).toEqual([]);
  });

  it('leaves no snapshot behind whose taking was never answered', { timeout: 120_000 }, async () => {
    await vcenter.fault({ kind: 'hangUp', method: 'CreateSnapshot_Task', skip: 1, times: 1 });
    const guest = new BusyGuest();
    await runCli(['run', '-m', migration({})]);
    await guest.stop();
    expect((await vcenter.state()).snapshots).toEqual([]);
  });

  it('is brought over by the next run when one was killed, with nothing left of it', {
    timeout: 120_000,
  }, async () => {
    const file = migration({ precopy: { passes: 100, pauseMinutes: 0.05 } });
    const run = startCli(['run', '-m', file]);
    const guest = new BusyGuest();
    await expect.poll(async () => (await vcenter.state()).snapshots.length, { timeout: 60_000 }).toBe(1);
    run.kill('SIGKILL');
    await run;
    const again = await runCli(['run', '-m', migration({})]);
    await guest.stop();
    expect(again.exitCode, again.stdout + again.stderr).toBe(0);
    expect(digestOf(diskInPool())).toBe(digestOf(content));
    expect((await vcenter.state()).snapshots).toEqual([]);
    expect(pool.objects.all('VDI').filter((vdi) => vdi.text('name_label').startsWith('shop'))).toHaveLength(
      1,
    );
  });

  it('goes on running there when it is stopped between its passes, and is gone on with', {
    timeout: 120_000,
  }, async () => {
    const run = startCli(['run', '-m', migration({ precopy: { passes: 100, pauseMinutes: 0.05 } })]);
    const guest = new BusyGuest();
    await expect.poll(() => callsOf('QueryChangedDiskAreas'), { timeout: 60_000 }).toBeGreaterThan(0);
    run.kill('SIGINT');
    await run;
    expect((await vcenter.state()).snapshots).toEqual([]);
    expect(await callsOf('ShutdownGuest')).toBe(0);
    expect(pool.objects.all('VM').filter((vm) => vm.text('name_label') === 'shop')).toEqual([]);
    const again = await runCli(['run', '--json', '-m', migration({})]);
    await guest.stop();
    expect(again.exitCode, again.stderr).toBe(0);
    expect(digestOf(diskInPool())).toBe(digestOf(content));
    const { passes } = PASSES.parse(JSON.parse(again.stdout)).machines[0].warm;
    expect(passes.filter(({ kind }) => kind === 'first')).toHaveLength(1);
  });
});

const PASSES = z.object({
  machines: z.tuple([z.object({ warm: z.object({ passes: z.array(z.object({ kind: z.string() })) }) })]),
});
