import { existsSync } from 'node:fs';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { beforeAll, expect, it } from 'vitest';
import { MIB } from '../../src/model/units.js';
import { type BigMachine, writeBigEstate } from '../support/big-estate.js';
import { REPORT, STATUS } from '../support/cli-documents.js';
import { noise } from '../support/disk-maker.js';
import { expectErrorLines } from '../support/error-lines.js';
import { grownTo, sha256Of, visibleFiles } from '../support/file-facts.js';
import { expectGoodXva, expectSameContent } from '../support/oracles.js';
import { runCli, runJson, startCli } from '../support/run-cli.js';
import { tempFiles } from '../support/temp-files.js';

const KILLS = Number(process.env.XENFERRY_TEST_KILLS ?? 8);
/** Another seed gives other moments; the one of a failed run is in its output. */
const SEED = Number(process.env.XENFERRY_TEST_SEED ?? Date.now() % 1_000_000);
/** The longest a run is left alive: long enough to get through a few checkpoints. */
const LONGEST_LIFE = 2_500;
const SHORTEST_LIFE = 100;

const MACHINES: readonly BigMachine[] = [
  { name: 'alpha', disks: [256 * MIB] },
  { name: 'beta', disks: [192 * MIB, 64 * MIB] },
  { name: 'gamma', disks: [256 * MIB] },
];
const OUTPUTS = MACHINES.map(({ name }) => `${name}.xva`);

const { folder } = tempFiles();
const source = join(folder, 'source');
const undisturbed = join(folder, 'undisturbed');
let expected: Readonly<Record<string, string>>;

beforeAll(async () => {
  await mkdir(source);
  await writeBigEstate(source, MACHINES);
  expect(await runCli(['run', source, '--target', undisturbed])).toMatchObject({ exitCode: 0 });
  expected = await digestsOf(undisturbed);
  for (const output of OUTPUTS) await expectGoodXva(join(undisturbed, output));
});

async function digestsOf(target: string): Promise<Record<string, string>> {
  const digests = OUTPUTS.map(async (output) => [output, await sha256Of(join(target, output))] as const);
  return Object.fromEntries(await Promise.all(digests));
}

/** Fails unless the target holds the finished machines, byte for byte, and no trace of what went before. */
async function expectFinished(target: string): Promise<void> {
  expect(await visibleFiles(target)).toEqual([...OUTPUTS, 'report.html', 'report.json']);
  expect(await digestsOf(target)).toEqual(expected);
}

/** Guest data of each machine that no later run may do again. */
async function safeBytes(target: string): Promise<Map<string, number>> {
  const { exitCode, stdout } = await runCli(['status', target, '--json']);
  // A run that was killed before it wrote anything down has done nothing.
  if (exitCode !== 0) return new Map();
  const { machines } = STATUS.parse(JSON.parse(stdout));
  return new Map(
    machines.map(({ name, safeBytes, dataBytes }) => [
      name,
      existsSync(join(target, `${name}.xva`)) ? dataBytes : Math.min(safeBytes, dataBytes),
    ]),
  );
}

/** Guest data that the latest run of each machine's conversion handled. */
async function convertedBytes(target: string): Promise<Map<string, number>> {
  const { machines } = REPORT.parse(JSON.parse(await readFile(join(target, 'report.json'), 'utf8')));
  return new Map(
    machines.map(({ name, steps }) => [name, steps.find((step) => step.name === 'convert')?.bytes ?? 0]),
  );
}

function dataBytesOf({ disks }: BigMachine): number {
  return disks.reduce((sum, bytes) => sum + bytes, 0);
}

/** Lives between the shortest and the longest, the same for the same seed. */
function* lives(): Generator<number> {
  for (let index = 0; ; index++) {
    const fraction = noise(SEED + index, 4).readUInt32LE() / 2 ** 32;
    yield SHORTEST_LIFE + Math.round(fraction * (LONGEST_LIFE - SHORTEST_LIFE));
  }
}

it(`ends with the same bytes after kill -9 at ${KILLS} random moments (XENFERRY_TEST_SEED=${SEED})`, {
  timeout: 300_000,
}, async () => {
  console.log(`XENFERRY_TEST_SEED=${SEED}`);
  const moments = lives();
  for (let kills = 0, round = 1; kills < KILLS; round++) {
    const target = join(folder, `killed-${round}`);
    let safe = new Map<string, number>();
    const finishedBefore = new Set<string>();
    for (let finished = false; !finished; ) {
      const run = startCli(['run', source, '--target', target]);
      if (kills < KILLS) {
        await Promise.race([run, delay(moments.next().value)]);
        run.kill('SIGKILL');
      }
      const { exitCode, signal, stderr } = await run;
      finished = signal === undefined;
      if (finished) {
        expect(exitCode, stderr).toBe(0);
        continue;
      }
      kills++;
      const now = await safeBytes(target);
      for (const [name, bytes] of safe) {
        expect(now.get(name), `what is safe of ${name} after kill ${kills}`).toBeGreaterThanOrEqual(bytes);
      }
      safe = now;
      for (const { name } of MACHINES) {
        if (existsSync(join(target, `${name}.xva`))) finishedBefore.add(name);
      }
    }
    await expectFinished(target);
    const converted = await convertedBytes(target);
    for (const machine of MACHINES) {
      if (finishedBefore.has(machine.name)) continue;
      const left = dataBytesOf(machine) - (safe.get(machine.name) ?? 0);
      expect(converted.get(machine.name), `converted of ${machine.name} in the end`).toBeLessThanOrEqual(
        left,
      );
    }
  }
});

it('stops at SIGINT with 130, keeps what it has, and goes on from there', async () => {
  const target = join(folder, 'interrupted');
  const run = startCli(['run', source, '--target', target]);
  await grownTo(join(target, 'alpha.xva.partial'), 64 * MIB, run);
  run.kill('SIGINT');
  const { exitCode, stderr } = await run;
  expect(exitCode, stderr).toBe(130);
  expect(stderr).toContain('stopping');

  const { machines } = await runJson(['status', target], STATUS);
  const alpha = machines.find(({ name }) => name === 'alpha');
  expect(alpha).toMatchObject({ state: 'cancelled', error: null });
  expect(alpha?.safeBytes).toBeGreaterThan(0);
  expect(existsSync(join(target, 'alpha.xva'))).toBe(false);

  expect(await runCli(['run', source, '--target', target])).toMatchObject({ exitCode: 0 });
  await expectFinished(target);
  const converted = await convertedBytes(target);
  expect((converted.get('alpha') ?? 0) + (alpha?.safeBytes ?? 0)).toBe(256 * MIB);
});

it('does not go on with checksums of a kind that the new run was not asked for', async () => {
  const target = join(folder, 'checksums');
  const args = ['run', source, '--target', target, '--only', 'alpha'];
  const run = startCli([...args, '--checksum', 'xxhash']);
  await grownTo(join(target, 'alpha.xva.partial'), 32 * MIB, run);
  run.kill('SIGINT');
  expect((await run).exitCode).toBe(130);
  expect(await runCli([...args, '--checksum', 'sha1'])).toMatchObject({ exitCode: 0 });
  expect(await sha256Of(join(target, 'alpha.xva'))).toBe(expected['alpha.xva']);
});

it('refuses a target on which another run works, which goes on undisturbed', async () => {
  const target = join(folder, 'busy');
  const first = startCli(['run', source, '--target', target]);
  await grownTo(join(target, 'alpha.xva.partial'), 1, first);
  const second = await runCli(['run', source, '--target', target]);
  expect(second.exitCode).toBe(5);
  expectErrorLines(second.stderr, { code: 'TARGET_BUSY', names: ['error: ', target] });
  expect((await first).exitCode).toBe(0);
  await expectFinished(target);
});

/** Kills a run of alpha when all of it is converted and none of it verified. */
async function killWhileVerifying(target: string): Promise<void> {
  const run = startCli(['run', source, '--target', target, '--only', 'alpha']);
  run.stderr.on('data', (text: Buffer) => {
    if (text.includes('alpha: verifying')) run.kill('SIGKILL');
  });
  expect((await run).signal).toBe('SIGKILL');
}

it('leaves no half file of a single disk, whether it was interrupted or killed', async () => {
  const at = join(folder, 'single');
  await mkdir(at);
  const output = join(at, 'alpha.vhd');
  const args = ['convert', join(source, 'alpha', 'alpha-disk1.vmdk'), output];
  const interrupted = startCli(args);
  await grownTo(`${output}.partial`, 1, interrupted);
  interrupted.kill('SIGINT');
  const { exitCode, stderr } = await interrupted;
  expect(exitCode, stderr).toBe(130);
  expect(await visibleFiles(at)).toEqual([]);

  const killed = startCli(args);
  await grownTo(`${output}.partial`, 1, killed);
  killed.kill('SIGKILL');
  await killed;
  expect(existsSync(output)).toBe(false);

  expect(await runCli(args)).toMatchObject({ exitCode: 0 });
  expect(await visibleFiles(at)).toEqual(['alpha.vhd']);
  await expectSameContent({ path: output, format: 'vpc' }, { path: args[1] ?? '', format: 'vmdk' });
});

it('only verifies what was killed while it was verified, and never calls more safe than there is', async () => {
  const target = join(folder, 'unverified');
  await killWhileVerifying(target);
  const { machines } = await runJson(['status', target], STATUS);
  expect(machines).toMatchObject([{ name: 'alpha', dataBytes: 256 * MIB, safeBytes: 256 * MIB }]);

  expect(await runCli(['run', source, '--target', target, '--only', 'alpha'])).toMatchObject({ exitCode: 0 });
  expect(await sha256Of(join(target, 'alpha.xva'))).toBe(expected['alpha.xva']);
  expect((await convertedBytes(target)).get('alpha')).toBe(0);
});

it('does not convert again what was killed between noting the verified output and giving it its name', async () => {
  const target = join(folder, 'unnamed');
  await killWhileVerifying(target);
  // That moment is too short to be met by chance: the ledger is put where it would have been.
  const { size } = await stat(join(target, 'alpha.xva.partial'));
  const statement = `UPDATE jobs SET output_bytes = ${size}`;
  const script =
    'import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute(sys.argv[2]); db.commit()';
  await execa('python3', ['-c', script, join(target, '.xenferry', 'ledger.sqlite'), statement]);

  const { exitCode, stderr } = await runCli(['run', source, '--target', target, '--only', 'alpha']);
  expect(exitCode, stderr).toBe(0);
  expect(stderr).not.toContain('converting');
  expect(await sha256Of(join(target, 'alpha.xva'))).toBe(expected['alpha.xva']);
});
