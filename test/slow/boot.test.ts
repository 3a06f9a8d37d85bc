import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { bootUntil, missingForBoot, onIde, uefi } from '../support/emulated-boot.js';
import { runCli } from '../support/run-cli.js';
import { tempFiles } from '../support/temp-files.js';

const ESTATE = fileURLToPath(new URL('../../samples/estate', import.meta.url));

const { folder } = tempFiles();

async function bootTo(prompt: RegExp, ...parts: string[]): Promise<void> {
  const { console, end } = await bootUntil([prompt], ...parts);
  expect(end, `the end of the serial console: ${console.slice(-2000)}`).toBe(prompt);
}

async function convert(vmdk: string, vhd: string): Promise<void> {
  expect(await runCli(['convert', vmdk, vhd])).toMatchObject({ exitCode: 0, stderr: '' });
}

it('a converted BIOS guest boots to its login prompt', async ({ skip }) => {
  const missing = await missingForBoot('bios');
  skip(missing !== undefined, `the Debian package ${missing} is not installed`);
  const vhd = join(folder, 'web01.vhd');
  await convert(join(ESTATE, 'web01', 'web01-disk1.vmdk'), vhd);
  await bootTo(/web01 login:/, ...onIde(vhd));
});

it('a converted UEFI guest boots to its login prompt', async ({ skip }) => {
  const missing = await missingForBoot('efi');
  skip(missing !== undefined, `the Debian package ${missing} is not installed`);
  await execa('tar', ['-xf', join(ESTATE, 'gateway.ova'), '-C', folder, 'gateway-disk1.vmdk']);
  const vhd = join(folder, 'gateway.vhd');
  await convert(join(folder, 'gateway-disk1.vmdk'), vhd);
  await bootTo(/gateway login:/, ...onIde(vhd), ...(await uefi(folder)));
});
