import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MIB } from '../../src/model/units.js';
import { startPool } from '../simulators/xapi-pool/index.js';
import { expectEndsAtSigint, whenStarted } from '../support/interrupted.js';
import {
  diskContent,
  liveMigration,
  liveOutcome,
  planLive,
  powerOf,
  runLive,
} from '../support/live-batch.js';
import { runCli, startCli } from '../support/run-cli.js';
import { simulatedVcenter, VCENTER_PASSWORD, type VcenterOptions } from '../support/simulated-vcenter.js';
import { tempFiles } from '../support/temp-files.js';
import { loggedIn } from '../support/vcenter-caller.js';
import { createMachines, type MachineSpec } from '../support/vcenter-machines.js';
import { POOL_CERTIFICATE } from '../support/xapi-caller.js';

const { folder } = tempFiles();
const WEB: MachineSpec = {
  name: 'web',
  disks: [{ content: diskContent(1) }],
  nics: [{}],
  running: true,
  tools: true,
};
const COLD = { allow: ['shutDown'] };
const COPY = { move: 'copy', allow: ['snapshot'] };

async function estate(specs: readonly MachineSpec[] = [WEB], options: VcenterOptions = {}) {
  const own = mkdtempSync(join(folder, 'case-'));
  const vcenter = await simulatedVcenter(options);
  const caller = await loggedIn(vcenter);
  const machines = await createMachines(vcenter, caller, specs);
  const [first] = machines;
  if (first === undefined) throw new Error('no machine');
  const out = join(own, 'out');
  return {
    own,
    out,
    vcenter,
    caller,
    first,
    migration: (live: object, rest: object = {}) =>
      liveMigration({ folder: own, vcenter, target: 'out', live, rest }),
    /** As it was: running, without a snapshot, and with nothing open in the ledger. */
    expectUntouched: async () => {
      expect(await powerOf(caller, first.ref)).toBe('poweredOn');
      expect((await vcenter.state()).snapshots).toEqual([]);
      expect((await liveOutcome(out)).changes.filter(({ undoneAt }) => undoneAt === null)).toEqual([]);
    },
  };
}

describe('a machine that does not shut down', () => {
  it.each([
    ['has no tools', { tools: false }],
    ['is ignored by its guest', { tools: true, ignoresShutdown: true }],
  ])('is left running or powered off, as the plan says, when it %s', async (_, guest) => {
    const { migration, out, caller, first, expectUntouched } = await estate([{ ...WEB, ...guest }]);
    const fail = { ...COLD, shutDown: { minutes: 0.02 } };
    expect(await runLive(await planLive(migration(fail)))).toMatchObject({ failed: 1 });
    expect((await liveOutcome(out)).machines).toEqual({ web: { state: 'failed', code: 'VSPHERE_SHUTDOWN' } });
    await expectUntouched();
    const pull = { allow: ['shutDown', 'powerOff'], shutDown: { minutes: 0.02, otherwise: 'powerOff' } };
    expect(await runLive(await planLive(migration(pull)))).toMatchObject({ done: 1 });
    expect(await powerOf(caller, first.ref)).toBe('poweredOff');
  });
});

describe.each([
  ['moved cold', COLD],
  ['copied', COPY],
  ['exported', { ...COPY, read: 'export' }],
])('a machine that is %s', (_, live) => {
  it('is as it was after a failure', async () => {
    const { vcenter, migration, expectUntouched } = await estate();
    for (const transfer of ['folder', 'nfc'] as const)
      await vcenter.fault({ kind: 'cut', transfer, afterBytes: 1_000, times: -1 });
    expect(await runLive(await planLive(migration(live)))).toMatchObject({ failed: 1 });
    await expectUntouched();
  });

  it('is as it was after it was stopped', async () => {
    const { vcenter, migration, expectUntouched, out } = await estate();
    for (const transfer of ['folder', 'nfc'] as const)
      await vcenter.fault({ kind: 'slow', transfer, bytesPerSecond: 200_000, times: -1 });
    const plan = await planLive(migration(live));
    const stop = new AbortController();
    const running = runLive(plan, { signal: stop.signal });
    await expect
      .poll(async () => Object.values((await vcenter.state()).hosts).some(({ current }) => current > 0))
      .toBe(true);
    stop.abort();
    expect(await running).toMatchObject({ cancelled: 1 });
    expect(Object.values((await liveOutcome(out)).machines)[0]?.state).toBe('cancelled');
    await expectUntouched();
  });

  it.each(['SIGINT', 'cancel'])('is as it was after %s of the command', async (how) => {
    const { vcenter, migration, expectUntouched, out } = await estate();
    for (const transfer of ['folder', 'nfc'] as const)
      await vcenter.fault({ kind: 'slow', transfer, bytesPerSecond: 200_000, times: -1 });
    const running = startCli(['run', '-m', migration(live)]);
    await whenStarted(running, async () =>
      Object.values((await vcenter.state()).hosts).some(({ current }) => current > 0),
    );
    if (how === 'SIGINT') await expectEndsAtSigint(running);
    else {
      expect(await runCli(['cancel', out, '--machine', 'web'])).toMatchObject({ exitCode: 0 });
      expect((await running).exitCode).toBe(130);
    }
    await expectUntouched();
  });

  it('is brought back by the next run or by cleanup when the process was killed', async () => {
    const other: MachineSpec = { name: 'other', disks: [{ capacity: MIB }] };
    const { vcenter, migration, expectUntouched, out } = await estate([WEB, other], {
      leaseTimeoutSeconds: 2,
    });
    const file = migration(live);
    for (const sweep of [
      ['run', '-m', file, '--only', 'other'],
      ['cleanup', out],
    ]) {
      for (const transfer of ['folder', 'nfc'] as const)
        await vcenter.fault({ kind: 'slow', transfer, bytesPerSecond: 200_000, times: -1 });
      const killed = startCli(['run', '-m', file]);
      await whenStarted(killed, async () =>
        Object.values((await vcenter.state()).hosts).some(({ current }) => current > 0),
      );
      killed.kill('SIGKILL');
      await killed;
      await vcenter.fault({ kind: 'clear' });
      const { exitCode, stderr } = await runCli(sweep);
      expect(exitCode, stderr).toBe(0);
      await expectUntouched();
    }
    const last = await runCli(['run', '-m', file]);
    expect(last.exitCode, last.stderr + last.stdout).toBe(0);
  }, 120_000);
});

describe('a machine that has arrived', () => {
  it('has taken back by the next run what the server refused to take back', async () => {
    const { own, vcenter, caller, first, out } = await estate();
    const pool = await startPool({
      certificate: POOL_CERTIFICATE,
      timings: { loginDelayMs: 0 },
      repositories: [{ name: 'Local', type: 'ext', size: 2 ** 40 }],
      networks: ['VM Network'],
    });
    onTestFinished(() => pool.close());
    const live = {
      move: 'warm',
      allow: ['snapshot', 'changeTracking', 'shutDown'],
      precopy: { passes: 1, pauseMinutes: 0.001 },
    };
    const migration = liveMigration({ folder: own, vcenter, target: 'out', pool, live });
    const isTracked = async () =>
      (await caller.properties(first.ref, 'config.changeTrackingEnabled')).get(
        'config.changeTrackingEnabled',
      );
    const open = async () =>
      (await liveOutcome(out)).changes.flatMap(({ kind, undoneAt, kept }) =>
        undoneAt === null && !kept ? [kind] : [],
      );
    const refusal = { kind: 'fail', method: 'ReconfigVM_Task', fault: 'SystemError' } as const;
    await vcenter.fault({ ...refusal, skip: 1, times: -1 });
    expect(await runLive(await planLive(migration))).toMatchObject({ done: 1 });
    expect([await isTracked(), await open()]).toEqual(['true', ['changeTracking']]);
    await vcenter.fault({ kind: 'clear' });
    expect(await runLive(await planLive(migration))).toMatchObject({ done: 1, warnings: [] });
    expect([await isTracked(), await open()]).toEqual(['false', []]);
    expect(await powerOf(caller, first.ref)).toBe('poweredOff');
  });
});

describe('machines that are paused', () => {
  it('are as they were until they are resumed, and arrive then', async () => {
    const kept: MachineSpec = { ...WEB, name: 'kept', disks: [{ content: diskContent(2) }] };
    const { vcenter, caller, migration, out, expectUntouched } = await estate([WEB, kept]);
    const live = { allow: ['shutDown', 'snapshot'] };
    const file = migration(live, { machines: { kept: { move: 'copy' } } });
    await vcenter.fault({ kind: 'slow', transfer: 'folder', bytesPerSecond: 100_000, times: -1 });
    const running = startCli(['run', '-m', file]);
    await whenStarted(running, async () =>
      Object.values((await vcenter.state()).hosts).some(({ current }) => current > 1),
    );
    expect(await runCli(['pause', out])).toMatchObject({ exitCode: 0 });
    const states = async () => Object.values((await liveOutcome(out)).machines).map(({ state }) => state);
    await expect.poll(states).toEqual(['paused', 'paused']);
    await expectUntouched();
    expect(running.exitCode, 'the run waits').toBe(null);
    await vcenter.fault({ kind: 'clear' });
    expect(await runCli(['resume', out])).toMatchObject({ exitCode: 0 });
    const { exitCode, stderr } = await running;
    expect(exitCode, stderr).toBe(0);
    expect(await states()).toEqual(['done', 'done']);
    const power = async (name: string) => await powerOf(caller, await caller.find('VirtualMachine', name));
    expect([await power('web'), await power('kept')]).toEqual(['poweredOff', 'poweredOn']);
    expect((await vcenter.state()).snapshots).toEqual([]);
  });
});

describe('a machine that is not as it was when the plan was made', () => {
  it.each<
    [
      what: string,
      live: object,
      change: (at: Awaited<ReturnType<typeof estate>>) => Promise<unknown>,
      code: string,
    ]
  >([
    ['was started', COLD, ({ caller, first }) => caller.task('PowerOnVM_Task', first.ref), 'SOURCE_CHANGED'],
    [
      'was suspended',
      COLD,
      async ({ caller, first }) => {
        await caller.task('PowerOnVM_Task', first.ref);
        await caller.task('SuspendVM_Task', first.ref);
      },
      'VSPHERE_SHUTDOWN',
    ],
    [
      'was removed',
      COLD,
      ({ caller, first }) => caller.task('Destroy_Task', first.ref),
      'VSPHERE_OBJECT_MISSING',
    ],
    ['is out of reach', COLD, ({ vcenter }) => vcenter.reachable('web', false), 'SOURCE_UNREADABLE'],
  ])('is refused when it %s', async (_, live, change, code) => {
    const at = await estate([{ ...WEB, running: false }]);
    const plan = await planLive(at.migration(live));
    await change(at);
    const calls = (await at.vcenter.log()).length;
    expect(await runLive(plan)).toMatchObject({ failed: 1 });
    expect((await liveOutcome(at.out)).machines.web?.code).toBe(code);
    const made = (await at.vcenter.log()).slice(calls).map(({ call }) => call);
    expect(made.filter((call) => /^(?!Search).*_Task$|^Shutdown/.test(call))).toEqual([]);
  });

  it('is refused where a snapshot could fill its datastore', async () => {
    const { vcenter, migration, out, expectUntouched } = await estate();
    const plan = await planLive(migration(COPY));
    const [datastore] = (await vcenter.state()).datastores;
    await vcenter.freeSpace(datastore?.name ?? '', 400_000);
    expect(await runLive(plan)).toMatchObject({ failed: 1 });
    expect((await liveOutcome(out)).machines.web?.code).toBe('VSPHERE_NO_SPACE');
    await expectUntouched();
  });
});

describe('many machines at once', () => {
  it('read at most eight disks of a host', async () => {
    const specs = Array.from({ length: 7 }, (_, index) => ({
      name: `vm${index}`,
      disks: [{ content: diskContent(10 + index, 4) }, { content: diskContent(30 + index, 3) }],
    }));
    const { vcenter, migration } = await estate(specs, { clusters: 0, standaloneHosts: 1 });
    await vcenter.fault({ kind: 'slow', transfer: 'folder', ms: 20, times: -1 });
    expect(await runLive(await planLive(migration(COLD)), { parallel: 7 })).toMatchObject({ done: 7 });
    const largest = Object.values((await vcenter.state()).hosts).map(({ largestDisks }) => largestDisks);
    expect(Math.max(...largest)).toBeLessThanOrEqual(8);
    expect(Math.max(...largest)).toBeGreaterThan(2);
  });
});

describe('what is said of a live move', () => {
  it('has every change beforehand and afterwards, and never the password', async () => {
    const { own, out, migration, caller, first, vcenter } = await estate();
    const file = migration({
      allow: ['shutDown', 'rename', 'disconnect'],
      afterwards: { rename: '{name} (moved)', disconnect: true },
    });
    const said: string[] = [];
    const say = async (args: readonly string[]) => {
      const { exitCode, stdout, stderr } = await runCli(args);
      said.push(stdout, stderr);
      return { exitCode, stdout };
    };
    const planned = await say(['plan', '-m', file]);
    expect(planned.stdout).toContain(
      'web at the source: the guest is shut down; it is renamed web (moved); its network',
    );
    expect((await say(['plan', '-m', file, '--format', 'html'])).stdout).toContain(
      'it is renamed web (moved)',
    );
    expect((await say(['plan', '-m', file, '--json'])).stdout).toContain('"shutDown",');
    expect((await say(['run', '-m', file, '--verbose'])).exitCode).toBe(0);
    expect(await powerOf(caller, first.ref)).toBe('poweredOff');
    const now = await caller.properties(first.ref, 'name', 'config.hardware.device');
    expect(now.get('name')).toBe('web (moved)');
    expect(now.get('config.hardware.device')).toContain('<startConnected>false</startConnected>');
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toContain('network cards disconnected');
    expect((await say(['report', out, '--json'])).stdout).toMatch(
      /"kind": "disconnect",\s+"begunAt": \d+,\s+"madeAt": \d+,\s+"undoneAt": null,\s+"kept": true/,
    );
    expect((await say(['status', out, '--json'])).stdout).toContain('"kind": "rename"');
    writeFileSync(join(own, 'vcenter.secret'), `${VCENTER_PASSWORD}-wrong`);
    const refused = await runCli(['run', '-m', file, '--verbose']);
    expect(refused.stderr).toContain('VSPHERE_LOGIN');
    said.push(refused.stdout, refused.stderr, ...filesIn(out));
    const forms = [
      VCENTER_PASSWORD,
      encodeURIComponent(VCENTER_PASSWORD),
      JSON.stringify(VCENTER_PASSWORD).slice(1, -1),
      'merlin',
    ];
    for (const text of said) for (const form of forms) expect(text.includes(form)).toBe(false);
    expect((await vcenter.state()).snapshots).toEqual([]);
  }, 120_000);
});

function filesIn(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .map((name) => join(path, name))
    .filter((name) => statSync(name).isFile())
    .map((name) => readFileSync(name, 'latin1'));
}
