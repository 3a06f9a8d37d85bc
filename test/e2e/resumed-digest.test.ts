import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { MIB } from '../../src/model/units.js';
import { writeBigEstate } from '../support/big-estate.js';
import { REPORT, STATUS } from '../support/cli-documents.js';
import { contentOf } from '../support/content.js';
import { sha256Of } from '../support/file-facts.js';
import { whenStarted } from '../support/interrupted.js';
import { runCli, startCli } from '../support/run-cli.js';
import { tempFiles } from '../support/temp-files.js';

/** Several checkpoints for one thread. */
const DATA = 384 * MIB;
const { folder } = tempFiles();

async function reportOf(target: string) {
  const { machines } = REPORT.parse(JSON.parse(await readFile(join(target, 'report.json'), 'utf8')));
  const [machine] = machines;
  const convert = machine?.steps.find(({ name }) => name === 'convert');
  return { digest: machine?.disks[0]?.digest, convertedBytes: convert?.bytes };
}

/** What no later run may do again. */
async function safeBytes(target: string): Promise<number> {
  const { exitCode, stdout } = await runCli(['status', target, '--json']);
  return exitCode === 0 ? (STATUS.parse(JSON.parse(stdout)).machines[0]?.safeBytes ?? 0) : 0;
}

it('a run with --digest sha256 that was killed gives the bytes and the digest of one that was not', async () => {
  const source = join(folder, 'source');
  await writeBigEstate(source, [{ name: 'big', disks: [DATA] }]);
  const commandTo = (target: string) => ['run', source, '--target', target, '--digest', 'sha256'];
  const [undisturbed, disturbed] = [join(folder, 'undisturbed'), join(folder, 'disturbed')];
  expect(await runCli(commandTo(undisturbed))).toMatchObject({ exitCode: 0 });

  const killed = startCli([...commandTo(disturbed), '--workers', '1']);
  await whenStarted(killed, async () => (await safeBytes(disturbed)) > 0);
  killed.kill('SIGKILL');
  expect((await killed).signal).toBe('SIGKILL');
  expect(await runCli(commandTo(disturbed))).toMatchObject({ exitCode: 0 });

  const raw = join(folder, 'disk.raw');
  const vmdk = join(source, 'big', 'big-disk1.vmdk');
  await execa('qemu-img', ['convert', '-f', 'vmdk', '-O', 'raw', vmdk, raw]);
  const { digest } = await contentOf(raw, 'sha256');
  expect(await reportOf(undisturbed)).toEqual({ digest, convertedBytes: DATA });
  const resumed = await reportOf(disturbed);
  expect(resumed.digest).toBe(digest);
  expect(resumed.convertedBytes).toBeLessThan(DATA);
  expect(await sha256Of(join(disturbed, 'big.xva'))).toBe(await sha256Of(join(undisturbed, 'big.xva')));
});
