import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { Agent, fetch } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { pinnedConnector } from '../../src/io/pinned-connector.js';
import { MIB } from '../../src/model/units.js';
import { canMount, sha256, tool } from '../support/guest-disks.js';
import { whenStarted } from '../support/interrupted.js';
import { type CliResult, runCli, startCliWith } from '../support/run-cli.js';
import { tempFiles } from '../support/temp-files.js';

const SAMPLES = join(import.meta.dirname, '../../samples');
const { folder } = tempFiles();
const TOUR = join(folder, 'tour');
const MIGRATION = join(TOUR, 'migration.yaml');
/** The simulators live as long as the tour. */
const LIMIT_MILLISECONDS = 240_000;

/** All of the estate but `erp`, whose 5 GiB take a while. */
const DISKS: Readonly<Record<string, readonly string[]>> = {
  web01: [join(SAMPLES, 'estate/web01/web01-disk1.vmdk')],
  'files01 (old)': [
    join(SAMPLES, 'estate/files01/files01.vmdk'),
    join(SAMPLES, 'estate/files01/files01_1.vmdk'),
  ],
  'shop-db': [join(SAMPLES, 'estate/shop/shop-db-disk1.vmdk')],
  'shop-app': [join(SAMPLES, 'estate/shop/shop-app-disk1.vmdk')],
};

const ACCESS = z.object({
  target: z.object({
    pool: z.object({
      url: z.string(),
      user: z.string(),
      password: z.object({ file: z.string() }),
      tlsFingerprints: z.array(z.string()),
    }),
  }),
});

const INVENTORY = z.object({
  machines: z.array(
    z.object({
      name: z.string(),
      powerState: z.string(),
      firmware: z.string(),
      snapshots: z.array(z.unknown()),
      disks: z.array(z.object({ file: z.string(), capacityBytes: z.number() })),
      nics: z.array(z.object({ mac: z.string(), network: z.string(), connected: z.boolean() })),
    }),
  ),
});

const REPORT = z.object({
  machines: z.array(
    z.object({
      name: z.string(),
      state: z.string(),
      warm: z
        .object({ passes: z.array(z.object({ bytes: z.number() })), downtimeMs: z.number().nullable() })
        .nullable(),
      planned: z.object({ live: z.object({ move: z.string(), changes: z.array(z.string()) }) }),
      guest: z.object({
        kind: z.string(),
        record: z.object({ edits: z.array(z.object({ path: z.string() })) }).optional(),
      }),
    }),
  ),
});

type Started = ReturnType<typeof startCliWith>;

let pool: Started;
let vcenter: Started;
let before: z.infer<typeof INVENTORY>;
let run: CliResult;
const poolFiles = mkdtempSync(join(folder, 'pool-'));
const vcenterFiles = mkdtempSync(join(folder, 'vcenter-'));

function simulator(temporary: string, args: readonly string[]): Started {
  return startCliWith({ TMPDIR: temporary }, args, LIMIT_MILLISECONDS);
}

async function ready(started: Started): Promise<void> {
  let told = '';
  started.stdout.on('data', (piece: Buffer) => {
    told += piece.toString();
  });
  started.stderr.on('data', (piece: Buffer) => {
    told += piece.toString();
  });
  await whenStarted(started, () => told.includes('Ctrl-C ends it'));
}

async function inventory(): Promise<z.infer<typeof INVENTORY>> {
  const { stdout } = await runCli(['inventory', '-m', MIGRATION, '--json']);
  return INVENTORY.parse(JSON.parse(stdout));
}

beforeAll(async () => {
  if (!canMount) return;
  mkdirSync(TOUR);
  const [poolPart, vcenterPart] = [join(TOUR, 'pool.yaml'), join(TOUR, 'vcenter.yaml')];
  pool = simulator(poolFiles, ['simulate-pool', '--write', poolPart]);
  const estate = ['simulate-vcenter', join(SAMPLES, 'estate'), '--running', 'web01'];
  vcenter = simulator(vcenterFiles, [...estate, '--write', vcenterPart]);
  await Promise.all([ready(pool), ready(vcenter)]);
  const parts = [poolPart, vcenterPart, join(SAMPLES, 'vcenter.yaml')];
  writeFileSync(MIGRATION, parts.map((part) => readFileSync(part, 'utf8')).join(''));
  before = await inventory();
  const only = Object.keys(DISKS).flatMap((name) => ['--only', name]);
  const args = ['run', '-m', MIGRATION, ...only];
  const { exitCode, stdout, stderr } = await startCliWith({}, args, LIMIT_MILLISECONDS);
  run = { exitCode, stdout, stderr };
}, LIMIT_MILLISECONDS);

afterAll(() => {
  pool?.kill('SIGKILL');
  vcenter?.kill('SIGKILL');
});

/** Calls the pool over a connection of its own. */
async function poolCaller() {
  const access = ACCESS.parse(parse(readFileSync(MIGRATION, 'utf8'))).target.pool;
  const { url, user, tlsFingerprints: fingerprints } = access;
  const connect = pinnedConnector({ fingerprints, timeoutMs: 5000, code: 'POOL_UNREACHABLE', name: url });
  const dispatcher = new Agent({ connect });
  const call = async (method: string, ...params: readonly unknown[]): Promise<unknown> => {
    const body = JSON.stringify({ jsonrpc: '2.0', method, params, id: 1 });
    const answer = await fetch(`${url}/jsonrpc`, { method: 'POST', body, dispatcher });
    return z.object({ result: z.unknown() }).parse(await answer.json()).result;
  };
  const password = readFileSync(access.password.file, 'utf8').trim();
  const session = await call('session.login_with_password', user, password);
  return (method: string, ...params: readonly unknown[]) => call(method, session, ...params);
}

const REFERENCES = z.array(z.string());

/** The files in which the pool keeps a machine's disks, in their order. */
async function disksInPool(name: string): Promise<string[]> {
  const call = await poolCaller();
  const [vm, ...others] = REFERENCES.parse(await call('VM.get_by_name_label', name));
  expect([typeof vm, others]).toEqual(['string', []]);
  const found: { readonly device: string; readonly uuid: unknown }[] = [];
  for (const vbd of REFERENCES.parse(await call('VM.get_VBDs', vm))) {
    if ((await call('VBD.get_type', vbd)) !== 'Disk') continue;
    const device = String(await call('VBD.get_userdevice', vbd));
    found.push({ device, uuid: await call('VDI.get_uuid', await call('VBD.get_VDI', vbd)) });
  }
  const kept = readdirSync(poolFiles).find((entry) => entry.startsWith('xenferry-pool-')) ?? '';
  return found
    .toSorted((a, b) => Number(a.device) - Number(b.device))
    .map(({ uuid }) => join(poolFiles, kept, `${uuid}.img`));
}

/** What qemu-img, which is not ours, makes of a disk of the estate. */
async function original(vmdk: string, name: string): Promise<string> {
  const raw = join(folder, `${name}.raw`);
  const { exitCode, stderr } = await tool('qemu-img', ['convert', '-O', 'raw', vmdk, raw]);
  expect(exitCode, stderr).toBe(0);
  return raw;
}

/** How many MiB of two files of the same size differ. */
async function differing(first: string, second: string): Promise<number> {
  const [a, b] = [await open(first), await open(second)];
  try {
    const { size } = await a.stat();
    expect((await b.stat()).size).toBe(size);
    let count = 0;
    for (let at = 0; at < size; at += MIB) {
      const pieces = [Buffer.alloc(MIB), Buffer.alloc(MIB)] as const;
      await a.read(pieces[0], 0, MIB, at);
      await b.read(pieces[1], 0, MIB, at);
      if (!pieces[0].equals(pieces[1])) count++;
    }
    return count;
  } finally {
    await a.close();
    await b.close();
  }
}

function vcenterFolder(machine: string): string {
  const [simulated = ''] = readdirSync(vcenterFiles).filter((entry) => entry.startsWith('xenferry-vcenter-'));
  const [store = ''] = readdirSync(join(vcenterFiles, simulated)).filter((entry) =>
    entry.includes('LocalDS'),
  );
  return join(vcenterFiles, simulated, store, machine);
}

describe.skipIf(!canMount)('the tour from a vCenter into a pool', () => {
  it('finds there what the exports have', () => {
    const web = before.machines.find(({ name }) => name === 'web01');
    expect(web).toMatchObject({ powerState: 'on', firmware: 'bios', disks: [{ capacityBytes: 128 * MIB }] });
    expect(web?.nics.map(({ mac, network }) => [mac, network])).toEqual([
      ['00:50:56:8a:10:01', 'VM Network'],
      ['00:50:56:8a:10:02', 'Backup'],
    ]);
    expect(before.machines.find(({ name }) => name === 'gateway')).toMatchObject({
      powerState: 'off',
      firmware: 'efi',
      nics: [{ network: 'DMZ' }],
    });
    expect(before.machines).toHaveLength(6);
  });

  it('moves every machine with one command', () => {
    expect(run.exitCode, run.stdout + run.stderr).toBe(0);
    expect(run.stdout).toContain('4 of 4 machines done');
  });

  it.each(['shop-db', 'shop-app'])('brings %s over as it was, for it has no system', async (name) => {
    const [disk = ''] = await disksInPool(name);
    const raw = await original(DISKS[name]?.[0] ?? '', name);
    expect(await sha256(disk)).toBe(await sha256(raw));
  });

  it.each(['web01', 'files01 (old)'])('mends %s and leaves the rest as it was', async (name) => {
    const [disk = '', ...others] = await disksInPool(name);
    const [first = '', ...more] = DISKS[name] ?? [];
    const raw = await original(first, name);
    const differs = await differing(raw, disk);
    expect(differs).toBeGreaterThan(0);
    // The initramfs, a few files and the tables of the file system.
    expect(differs).toBeLessThan(64);
    // The only partition begins at 1 MiB.
    const fstab = async (file: string) => {
      const { stdout } = await tool('debugfs', ['-R', 'cat /etc/fstab', `${file}?offset=${MIB}`]);
      return stdout;
    };
    expect(await fstab(raw)).toMatch(/^\/dev\/sda1 /m);
    expect(await fstab(disk)).toMatch(/^UUID=/m);
    expect(await fstab(disk)).not.toMatch(/^\/dev\/sda/m);
    const check = await tool('e2fsck', ['-n', '-f', `${disk}?offset=${MIB}`]);
    expect(check.exitCode, check.stdout + check.stderr).toBe(0);
    expect(others).toHaveLength(more.length);
    for (const [index, vmdk] of more.entries()) {
      const other = others[index] ?? '';
      // It is mounted with the guest, which touches the file system's tables.
      expect(await differing(await original(vmdk, `${name}-${index + 1}`), other)).toBeLessThan(4);
      expect((await tool('e2fsck', ['-n', '-f', other])).exitCode).toBe(0);
    }
  });

  it('leaves the vCenter as it was, but for the machine that was to be shut down', async () => {
    const moved = before.machines.map((machine) =>
      machine.name === 'web01' ? { ...machine, powerState: 'off' } : machine,
    );
    expect((await inventory()).machines).toEqual(moved);
    const files = readdirSync(vcenterFolder('web01')).filter((file) => file.endsWith('.vmdk'));
    expect(files.toSorted()).toEqual(['web01-flat.vmdk', 'web01.vmdk']);
    expect(await sha256(join(vcenterFolder('web01'), 'web01-flat.vmdk'))).toBe(
      await sha256(await original(DISKS.web01?.[0] ?? '', 'source')),
    );
  });

  it('tells in the report what was done in the guest and at the source, and for how long it was down', () => {
    const { machines } = REPORT.parse(JSON.parse(readFileSync(join(TOUR, 'out/report.json'), 'utf8')));
    const web = machines.find(({ name }) => name === 'web01');
    expect(web).toMatchObject({
      state: 'done',
      guest: { kind: 'mended' },
      planned: { live: { move: 'warm', changes: ['changeTracking', 'snapshot', 'shutDown'] } },
    });
    expect(web?.guest.record?.edits.map(({ path }) => path)).toContain('/etc/fstab');
    expect(web?.warm?.passes.length).toBeGreaterThan(1);
    expect(web?.warm?.downtimeMs).toBeGreaterThan(0);
  });
});
