import { mkdtempSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { Ledger } from '../../src/ledger/index.js';
import { BLOCK_BYTES } from '../../src/model/units.js';
import { sha256Of } from '../support/file-facts.js';
import { canMount, tool } from '../support/guest-disks.js';
import { runCli, startCli } from '../support/run-cli.js';
import { tempFiles } from '../support/temp-files.js';

const SOURCE = fileURLToPath(new URL('../../samples/estate/web01', import.meta.url));
const { folder } = tempFiles();

/** Where the sample's only partition begins, for debugfs. */
const ROOT = '?offset=1048576';

interface Kind {
  readonly kind: string;
  readonly target: string;
  /** In the target folder; the disk's first. */
  readonly files: readonly string[];
  /** As QEMU calls the disk's format; null for an archive. */
  readonly qemu: string | null;
}

const KINDS: readonly Kind[] = [
  { kind: 'XVA', target: '{into: xva}', files: ['web01.xva'], qemu: null },
  { kind: 'compressed XVA', target: '{into: xva-zstd}', files: ['web01.xva'], qemu: null },
  { kind: 'VHD', target: '{into: vhd}', files: ['web01/web01-disk1.vhd', 'web01/web01.ovf'], qemu: 'vpc' },
  {
    kind: 'qcow2',
    target: '{into: xl, diskFormat: qcow2}',
    files: ['web01/web01-disk1.qcow2'],
    qemu: 'qcow2',
  },
  { kind: 'raw', target: '{into: xl, diskFormat: raw}', files: ['web01/web01-disk1.raw'], qemu: 'raw' },
];

async function argumentsOf({ target }: Kind, into: string, fixups: 'off' | 'auto'): Promise<string[]> {
  const migration = join(mkdtempSync(join(folder, 'migration-')), 'm.yaml');
  await writeFile(migration, `version: 1\ntarget: ${target}\n`);
  return ['run', SOURCE, '--target', into, '--migration', migration, '--fixups', fixups];
}

async function run(args: readonly string[]): Promise<void> {
  const { exitCode, stderr, stdout } = await runCli(args);
  expect(exitCode, stdout + stderr).toBe(0);
}

async function orderRefix(target: string): Promise<void> {
  const { exitCode, stdout } = await runCli(['refix', target, '--machine', 'web01']);
  expect([exitCode, stdout]).toEqual([0, 'web01: the next run mends it anew']);
}

/** What the ledger says of the machine. */
async function told(target: string) {
  const ledger = await Ledger.openForReading({ folder: target });
  try {
    const batch = await ledger.latestBatch();
    const [job] = batch === null ? [] : await ledger.jobs(batch.id);
    if (job === undefined) throw new Error('no job');
    const [disk] = await ledger.disks(job.id);
    const steps = Object.fromEntries((await ledger.steps(job.id)).map(({ name, bytes }) => [name, bytes]));
    return { job, disk, steps, mended: JSON.parse(disk?.mended ?? 'null') as [number, number][] };
  } finally {
    await ledger.close();
  }
}

async function digestsOf(target: string, { files }: Kind): Promise<string[]> {
  return await Promise.all(files.map((file) => sha256Of(join(target, file))));
}

async function rawOf(target: string, { files, qemu }: Kind, name: string): Promise<string> {
  const raw = join(target, `${name}.img`);
  await tool('qemu-img', ['convert', '-f', qemu ?? '', '-O', 'raw', join(target, files[0] ?? ''), raw]);
  return raw;
}

it.skipIf(!canMount).each(KINDS)(
  'a machine that was mended is made anew from what is there: $kind',
  {
    timeout: 300_000,
  },
  async (kind) => {
    const fresh = mkdtempSync(join(folder, 'fresh-'));
    await run(await argumentsOf(kind, fresh, 'off'));
    const expected = await digestsOf(fresh, kind);

    const target = mkdtempSync(join(folder, 'target-'));
    await run(await argumentsOf(kind, target, 'auto'));
    expect(await digestsOf(target, kind)).not.toEqual(expected);
    const first = await told(target);
    const blocks = first.mended.reduce((sum, [, count]) => sum + count, 0);
    expect(blocks).toBeGreaterThan(0);

    // Without the fixups it is what a fresh conversion gives, to the byte.
    await orderRefix(target);
    await run(await argumentsOf(kind, target, 'off'));
    expect(await digestsOf(target, kind)).toEqual(expected);
    const second = await told(target);
    expect(second.job).toMatchObject({ state: 'done', refix: false });
    expect(second.steps.convert).toBeLessThanOrEqual(blocks * BLOCK_BYTES);
    expect(second.steps.convert).toBeLessThan(first.steps.convert ?? 0);
    expect(second.mended).toEqual([]);

    // And with them it is mended, and the same outside the blocks that they changed.
    await orderRefix(target);
    await run(await argumentsOf(kind, target, 'auto'));
    const third = await told(target);
    expect(third.job).toMatchObject({ state: 'done', refix: false });
    if (kind.qemu === null) return;
    const [before, after] = [await rawOf(fresh, kind, 'before'), await rawOf(target, kind, 'after')];
    expect((await tool('debugfs', ['-R', 'cat /etc/fstab', after + ROOT])).stdout).toMatch(/^UUID=/);
    const [old, anew] = [await readFile(before), await readFile(after)];
    const changed = new Set(
      third.mended.flatMap(([from, count]) => Array.from({ length: count }, (_, i) => from + i)),
    );
    for (let block = 0; block * BLOCK_BYTES < old.length; block++) {
      if (changed.has(block)) continue;
      const [from, to] = [block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES];
      expect(anew.subarray(from, to).equals(old.subarray(from, to)), `block ${block}`).toBe(true);
    }
  },
);

const [, , VHD, QCOW2] = KINDS as readonly [Kind, Kind, Kind, Kind];

it.skipIf(!canMount)('goes on after a kill at any moment', { timeout: 300_000 }, async () => {
  const fresh = mkdtempSync(join(folder, 'fresh-'));
  await run(await argumentsOf(VHD, fresh, 'off'));
  const target = mkdtempSync(join(folder, 'killed-'));
  await run(await argumentsOf(VHD, target, 'auto'));
  await orderRefix(target);
  const args = await argumentsOf(VHD, target, 'off');
  for (const life of [400, 800, 1_200]) {
    const killed = startCli(args);
    await new Promise((resolve) => setTimeout(resolve, life));
    killed.kill('SIGKILL');
    await killed.catch(() => {});
  }
  await run(args);
  expect(await digestsOf(target, VHD)).toEqual(await digestsOf(fresh, VHD));
  expect((await told(target)).job).toMatchObject({ state: 'done', refix: false });
});

it.skipIf(!canMount)(
  'is refused of an output that was changed, and leaves it',
  { timeout: 300_000 },
  async () => {
    const target = mkdtempSync(join(folder, 'changed-'));
    await run(await argumentsOf(QCOW2, target, 'auto'));
    const disk = join(target, QCOW2.files[0] ?? '');
    await tool('qemu-io', ['-f', 'qcow2', '-c', 'write -P 7 1M 512', disk]);
    const digest = await sha256Of(disk);
    await orderRefix(target);
    const args = await argumentsOf(QCOW2, target, 'off');
    const { exitCode, stdout, stderr } = await runCli(args);
    expect(exitCode).not.toBe(0);
    expect(stdout + stderr).toContain('REFIX_REFUSED');
    expect(await sha256Of(disk)).toBe(digest);
    // What was refused is as good as it was.
    await run(args);
    expect(await sha256Of(disk)).toBe(digest);
  },
);
