import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { MIB } from '../../src/model/units.js';
import { poolMigration } from '../support/pool-migration.js';
import { type CliResult, runCli, startCliWith } from '../support/run-cli.js';
import { simulatedPool } from '../support/simulated-pool.js';
import { type SimulatedVcenter, startVcenter, VCENTER_PASSWORD } from '../support/simulated-vcenter.js';
import { tempFiles } from '../support/temp-files.js';
import { loggedIn } from '../support/vcenter-caller.js';
import { createMachines } from '../support/vcenter-machines.js';

const { folder } = tempFiles();
const FINDINGS = z.object({
  findings: z.array(
    z.object({ what: z.string(), state: z.string(), detail: z.string(), remedy: z.string() }),
  ),
});

let vcenter: SimulatedVcenter;
let web: string;

beforeAll(async () => {
  vcenter = await startVcenter({ pageCap: 2 });
  const specs = ['web', 'db', 'mail'].map((name) => ({ name, disks: [{ capacity: MIB }] }));
  const [made] = await createMachines(vcenter, await loggedIn(vcenter), specs);
  web = made?.ref.value ?? '';
  return () => vcenter.close();
});

function sourceOf(changes: object = {}): object {
  return {
    vsphere: new URL(vcenter.url).origin,
    user: vcenter.user,
    password: { file: 'vcenter.secret' },
    tlsFingerprints: [vcenter.fingerprint],
    ...changes,
  };
}

/** What `doctor` says of a migration from the vCenter into a pool: findings by what they are about. */
async function diagnosed(live: object, source: object = sourceOf(), poolUser = 'root') {
  const own = mkdtempSync(join(folder, 'case-'));
  const pool = await simulatedPool({
    users: ['root', 'watcher'].map((name) => ({
      name,
      password: 'simulated',
      role: name === 'root' ? 'pool-admin' : 'read-only',
    })),
  });
  writeFileSync(join(own, 'vcenter.secret'), VCENTER_PASSWORD);
  const migration = poolMigration(own, pool, { sources: [source], live, pool: { user: poolUser } });
  const result = await runCli(['doctor', '-m', migration, '--json']);
  expect([result.stdout, result.stderr].join('')).not.toContain(VCENTER_PASSWORD);
  return { ...result, of: findingsOf(result) };
}

function findingsOf({ stdout }: CliResult) {
  const { findings } = FINDINGS.parse(JSON.parse(stdout));
  return (what: string) => {
    const found = findings.find((one) => one.what === what);
    if (found === undefined) throw new Error(`nothing about ${what}`);
    return found;
  };
}

describe('doctor', () => {
  it('says what a vCenter and a pool are, and that all can be done there', async () => {
    const { exitCode, of } = await diagnosed({ allow: ['shutDown'] });
    expect(exitCode).toBe(0);
    expect(of(new URL(vcenter.url).origin)).toMatchObject({
      state: 'ok',
      detail: expect.stringMatching(/^a vCenter: VMware vCenter/),
    });
    expect(of('its certificate').detail).toContain('fingerprint');
    expect(of('its clock')).toMatchObject({ state: 'ok' });
    expect(of('its inventory').detail).toBe('3 machines and 1 datastores, in 3 answers');
    expect(of('privileges for shutDown')).toMatchObject({ state: 'ok' });
    expect(of('permissions in the pool')).toMatchObject({ state: 'ok', detail: 'all' });
  });

  it('fails for a privilege that the migration needs, and names it and where it is missing', async () => {
    const rename = { privilege: 'VirtualMachine.Config.Rename' };
    await vcenter.lackPrivileges(rename, { privilege: 'VirtualMachine.Interact.PowerOff', object: web });
    const unwanted = await diagnosed({ move: 'copy', allow: ['snapshot'] });
    expect(unwanted.exitCode).toBe(0);
    expect(unwanted.of('privileges for rename').state).toBe('optional');
    const wanted = await diagnosed({ move: 'cold', allow: ['shutDown'] });
    expect(wanted.exitCode).toBe(2);
    expect(wanted.of('privileges for shutDown')).toMatchObject({
      state: 'missing',
      detail: 'missing: VirtualMachine.Interact.PowerOff on web',
    });
    expect(wanted.of('privileges for snapshot').state).toBe('ok');
    const renaming = await diagnosed({
      move: 'copy',
      allow: ['snapshot'],
      afterwards: { rename: '{name} (moved)' },
    });
    expect(renaming.of('privileges for rename')).toMatchObject({
      state: 'missing',
      detail: 'missing: VirtualMachine.Config.Rename on db, mail, web',
    });
    await vcenter.lackPrivileges();
  }, 30_000);

  it('fails for a login that is refused, a certificate that is another, and a user who may only look', async () => {
    const stranger = await diagnosed({}, sourceOf({ user: 'nobody@vsphere.local' }));
    const url = new URL(vcenter.url).origin;
    expect([stranger.exitCode, stranger.of(url).detail]).toEqual([
      2,
      expect.stringContaining('VSPHERE_LOGIN'),
    ]);
    const other = await diagnosed({}, sourceOf({ tlsFingerprints: [`AB${vcenter.fingerprint.slice(2)}`] }));
    expect([other.exitCode, other.of(url).detail]).toEqual([2, expect.stringContaining(vcenter.fingerprint)]);
    const watcher = await diagnosed({}, sourceOf(), 'watcher');
    expect([watcher.exitCode, watcher.of('permissions in the pool').detail]).toEqual([
      2,
      expect.stringContaining('vm.create'),
    ]);
  }, 60_000);

  it('looks at one server without a migration, where nothing but reading is asked for', async () => {
    await vcenter.lackPrivileges({ privilege: 'VApp.Export' });
    const args = ['doctor', '--source', new URL(vcenter.url).origin, '--fingerprint', vcenter.fingerprint];
    const login = ['--user', vcenter.user, '--password-env', 'VCENTER'];
    const { stdout, exitCode } = await startCliWith({ VCENTER: VCENTER_PASSWORD }, [...args, ...login]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('optional: privileges for exports: missing: VApp.Export on db, mail, web');
    expect((await runCli(args)).exitCode).toBe(2);
    await vcenter.lackPrivileges();
  }, 30_000);
});
