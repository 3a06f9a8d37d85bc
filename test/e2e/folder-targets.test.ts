import { existsSync, mkdtempSync } from 'node:fs';
import { appendFile, mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { Ledger } from '../../src/ledger/index.js';
import { MIB } from '../../src/model/units.js';
import { writeBigEstate } from '../support/big-estate.js';
import { REPORT, STATUS } from '../support/cli-documents.js';
import { noise } from '../support/disk-maker.js';
import { grownTo, sha256Of, visibleFiles } from '../support/file-facts.js';
import { expectSameContent, judgeOvfs, readXlConfigs } from '../support/oracles.js';
import { runCli, runJson, startCli } from '../support/run-cli.js';
import { tempFiles } from '../support/temp-files.js';

const ESTATE = fileURLToPath(new URL('../../samples/estate', import.meta.url));
const KILLS = Number(process.env.XENFERRY_TEST_KILLS ?? 2);
/** Another seed gives other moments; the one of a failed run is in its output. */
const SEED = Number(process.env.XENFERRY_TEST_SEED ?? Date.now() % 1_000_000);
const LONGEST_LIFE = 1_200;
const SHORTEST_LIFE = 100;

const { folder } = tempFiles();
const source = join(folder, 'source');

/** What can be asked for, with the extension of the disks and QEMU's name of their format. */
const KINDS = [
  { into: 'vhd', diskFormat: 'vhd', qemu: 'vpc', descriptor: 'ovf' },
  { into: 'xl', diskFormat: 'raw', qemu: 'raw', descriptor: 'cfg' },
  { into: 'xl', diskFormat: 'qcow2', qemu: 'qcow2', descriptor: 'cfg' },
  { into: 'xl', diskFormat: 'vhd', qemu: 'vpc', descriptor: 'cfg' },
] as const;
type Kind = (typeof KINDS)[number];

beforeAll(async () => {
  await mkdir(source);
  await writeBigEstate(source, [
    { name: 'alpha', disks: [128 * MIB] },
    { name: 'beta', disks: [96 * MIB, 32 * MIB] },
  ]);
});

function newTarget(): string {
  return join(mkdtempSync(join(folder, 'case-')), 'out');
}

/** Arguments of a run that makes machines of that kind. */
async function argumentsOf({ into, diskFormat }: Kind, target: string, from = source): Promise<string[]> {
  const migration = join(folder, `${into}-${diskFormat}.yaml`);
  const format = into === 'xl' ? `, diskFormat: ${diskFormat}` : '';
  await writeFile(migration, `version: 1\ntarget: {into: ${into}${format}}\n`);
  return ['run', from, '--target', target, '--migration', migration];
}

async function run(args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runCli(args);
  expect(exitCode, stderr).toBe(0);
  return stdout;
}

/** Digest of each file of the machines' folders, but of configurations, which name the folder they are in. */
async function digestsOf(target: string): Promise<Record<string, string>> {
  const digests: [string, string][] = [];
  for (const name of ['alpha', 'beta']) {
    for (const file of (await readdir(join(target, name))).sort()) {
      if (!file.endsWith('.cfg')) digests.push([file, await sha256Of(join(target, name, file))]);
    }
  }
  return Object.fromEntries(digests);
}

/** Waits until the ledger has blocks of the only machine, or the run has ended. */
async function someBlocksNoted(target: string, running: { readonly exitCode: number | null }): Promise<void> {
  const ledger = await Ledger.openForReading({ folder: target });
  try {
    const batch = await ledger.latestBatch(target);
    const [job] = await ledger.jobs(batch?.id ?? 0);
    while (running.exitCode === null && (await ledger.journaledDataBlocks(job?.id ?? 0)) === 0) {
      await delay(20);
    }
  } finally {
    await ledger.close();
  }
}

describe.each(KINDS)('a folder a machine: $into with disks as $diskFormat', (kind) => {
  const { diskFormat, qemu, descriptor } = kind;
  const undisturbed = newTarget();
  let expected: Readonly<Record<string, string>>;

  beforeAll(async () => {
    await run(await argumentsOf(kind, undisturbed));
    expected = await digestsOf(undisturbed);
  });

  it('has the disks as they were, a descriptor, and nothing else', async () => {
    expect(await visibleFiles(undisturbed)).toEqual(['alpha', 'beta', 'report.html', 'report.json']);
    expect(await visibleFiles(join(undisturbed, 'beta'))).toEqual([
      `beta-disk1.${diskFormat}`,
      `beta-disk2.${diskFormat}`,
      `beta.${descriptor}`,
    ]);
    for (const [name, disk] of [
      ['alpha', 1],
      ['beta', 1],
      ['beta', 2],
    ] as const) {
      await expectSameContent(
        { path: join(undisturbed, name, `${name}-disk${disk}.${diskFormat}`), format: qemu },
        { path: join(source, name, `${name}-disk${disk}.vmdk`), format: 'vmdk' },
      );
    }
  });

  it('is described so that each disk is found', async () => {
    const path = join(undisturbed, 'beta', `beta.${descriptor}`);
    if (descriptor === 'ovf') {
      const [verdict] = await judgeOvfs([path]);
      expect(verdict?.findings).toEqual([]);
      expect(verdict?.disks.map(({ file }) => file)).toEqual(['beta-disk1.vhd', 'beta-disk2.vhd']);
      for (const { file, fileBytes } of verdict?.disks ?? []) {
        expect((await stat(join(undisturbed, 'beta', file))).size).toBe(fileBytes);
      }
      return;
    }
    const [read] = await readXlConfigs([path]);
    const targets = (read?.python.disk as string[]).map((spec) => spec.slice(spec.indexOf('target=') + 7));
    const files = [1, 2].map((disk) => join(undisturbed, 'beta', `beta-disk${disk}.${diskFormat}`));
    expect(targets).toEqual([...files, '']);
  });

  it('is told of in the report, with what to do next', async () => {
    const { machines } = REPORT.parse(JSON.parse(await readFile(join(undisturbed, 'report.json'), 'utf8')));
    expect(machines).toMatchObject([
      { name: 'alpha', state: 'done' },
      { name: 'beta', state: 'done' },
    ]);
    const html = await readFile(join(undisturbed, 'report.html'), 'utf8');
    expect(html).toContain(descriptor === 'ovf' ? '.ovf' : `${undisturbed}/beta/beta.cfg`);
    expect(html).not.toContain('vm-import');
  });

  it('is left alone by a run that finds it finished', async () => {
    const file = join(undisturbed, 'alpha', `alpha-disk1.${diskFormat}`);
    const { ino, mtimeMs } = await stat(file);
    const stdout = await run(await argumentsOf(kind, undisturbed));
    expect(stdout).toContain('2 of 2 machines done');
    expect(await stat(file)).toMatchObject({ ino, mtimeMs });
  });

  it(`ends with the same bytes after kill -9 at ${KILLS} random moments (XENFERRY_TEST_SEED=${SEED})`, async () => {
    const target = newTarget();
    const args = await argumentsOf(kind, target);
    for (let kills = 0; kills < KILLS; kills++) {
      const fraction = noise(SEED + kills, 4).readUInt32LE() / 2 ** 32;
      const running = startCli(args);
      await Promise.race([running, delay(SHORTEST_LIFE + fraction * (LONGEST_LIFE - SHORTEST_LIFE))]);
      running.kill('SIGKILL');
      await running;
      for (const name of ['alpha', 'beta']) {
        // A folder without `.partial` is whole.
        if (existsSync(join(target, name))) {
          expect(await visibleFiles(join(target, name))).toContain(`${name}.${descriptor}`);
        }
      }
    }
    await run(args);
    expect(await visibleFiles(target)).toEqual(['alpha', 'beta', 'report.html', 'report.json']);
    expect(await digestsOf(target)).toEqual(expected);
  });

  it('goes on where SIGINT stopped it', async () => {
    const target = newTarget();
    const args = [...(await argumentsOf(kind, target)), '--only', 'alpha', '--workers', '1'];
    const running = startCli(args);
    await grownTo(join(target, 'alpha.partial', `alpha-disk1.${diskFormat}`), 1, running);
    // As long as it takes until some blocks are noted.
    await someBlocksNoted(target, running);
    running.kill('SIGINT');
    const { exitCode } = await running;
    if (exitCode === 0) return;
    expect(exitCode).toBe(130);
    expect(existsSync(join(target, 'alpha'))).toBe(false);
    const { machines } = await runJson(['status', target], STATUS);
    await run(args);
    const report = REPORT.parse(JSON.parse(await readFile(join(target, 'report.json'), 'utf8')));
    const converted = report.machines[0]?.steps.find(({ name }) => name === 'convert')?.bytes ?? 0;
    expect(converted + (machines[0]?.safeBytes ?? 0)).toBe(128 * MIB);
    const disk = `alpha-disk1.${diskFormat}`;
    expect(await sha256Of(join(target, 'alpha', disk))).toBe(expected[disk]);
  });
});

describe('a folder that is there already', () => {
  const [kind] = KINDS;

  it('is not touched when it is not the machine’s', async () => {
    const target = newTarget();
    await mkdir(join(target, 'alpha'), { recursive: true });
    await writeFile(join(target, 'alpha', 'thesis.txt'), 'years of work');
    const { exitCode, stdout } = await runCli([...(await argumentsOf(kind, target)), '--only', 'alpha']);
    expect(exitCode).toBe(5);
    expect(stdout).toContain('TARGET_EXISTS');
    expect(await visibleFiles(target)).toEqual(['alpha', 'report.html', 'report.json']);
    expect(await readFile(join(target, 'alpha', 'thesis.txt'), 'utf8')).toBe('years of work');
  });

  it('is replaced when the source has changed, unless somebody put something into it', async () => {
    const target = newTarget();
    const own = join(folder, 'own');
    await mkdir(own, { recursive: true });
    await writeBigEstate(own, [{ name: 'alpha', disks: [4 * MIB] }]);
    const args = await argumentsOf(kind, target, own);
    await run(args);
    const before = await stat(join(target, 'alpha'));
    await utimes(join(own, 'alpha', 'alpha-disk1.vmdk'), new Date(), new Date(0));
    await run(args);
    expect((await stat(join(target, 'alpha'))).ino).not.toBe(before.ino);
    expect(await visibleFiles(join(target, 'alpha'))).toEqual(['alpha-disk1.vhd', 'alpha.ovf']);

    await writeFile(join(target, 'alpha', 'notes.txt'), 'imported on Monday');
    await utimes(join(own, 'alpha', 'alpha-disk1.vmdk'), new Date(), new Date(1_000));
    const refused = await runCli(args);
    expect(refused.exitCode).toBe(5);
    expect(refused.stderr).not.toContain('converting');
    expect(refused.stdout).toContain('notes.txt');
    expect(await visibleFiles(join(target, 'alpha'))).toEqual(['alpha-disk1.vhd', 'alpha.ovf', 'notes.txt']);
    expect(await visibleFiles(target)).toEqual(['alpha', 'report.html', 'report.json']);
  });

  it('is not taken for whole when a file of it is lost', async () => {
    const target = newTarget();
    const args = [...(await argumentsOf(KINDS[1], target)), '--only', 'alpha'];
    await run(args);
    await appendFile(join(target, 'alpha', 'alpha-disk1.raw'), 'x');
    await run(args);
    await expectSameContent(
      { path: join(target, 'alpha', 'alpha-disk1.raw'), format: 'raw' },
      { path: join(source, 'alpha', 'alpha-disk1.vmdk'), format: 'vmdk' },
    );
    expect((await stat(join(target, 'alpha', 'alpha-disk1.raw'))).size).toBe(160 * MIB);
  });
});

it('takes the whole sample estate, with names and guests as they are', async () => {
  const target = newTarget();
  const stdout = await run(['run', ESTATE, '--target', target, '--into', 'vhd', '--fixups', 'off']);
  expect(stdout).toContain('files01 (old)/files01 (old).ovf');
  const names = ['erp', 'files01 (old)', 'gateway', 'shop-app', 'shop-db', 'web01'];
  expect(await visibleFiles(target)).toEqual([...names, 'report.html', 'report.json'].sort());
  const verdicts = await judgeOvfs(names.map((name) => join(target, name, `${name}.ovf`)));
  expect(verdicts.map(({ findings }) => findings)).toEqual(names.map(() => []));
  expect(verdicts[5]?.nics).toEqual([
    ['VM Network', '00:50:56:8a:10:01'],
    ['Backup', '00:50:56:8a:10:02'],
  ]);
  expect(verdicts[2]?.xen.HVM_boot_params).toBe('order=cdn;firmware=uefi');
});
