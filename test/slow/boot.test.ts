import { existsSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { runCli } from '../support/run-cli.js';
import { tempFiles } from '../support/temp-files.js';

const ESTATE = fileURLToPath(new URL('../../samples/estate', import.meta.url));
const OVMF = { code: '/usr/share/OVMF/OVMF_CODE_4M.fd', variables: '/usr/share/OVMF/OVMF_VARS_4M.fd' };
/** Without hardware help a guest takes a minute or two; far more means that it hangs. */
const LIMIT_MILLISECONDS = 900_000;

const { folder } = tempFiles();
const hasQemu = await execa('qemu-system-x86_64', ['--version'], { reject: false }).then(
  ({ exitCode }) => exitCode === 0,
);

/** Boots a VHD on IDE, as Xen offers disks to a guest without Xen drivers, up to `prompt` on the serial console. */
async function bootTo(prompt: string, vhd: string, ...machine: string[]): Promise<void> {
  const startedAt = Date.now();
  const guest = execa(
    'qemu-system-x86_64',
    [
      ...['-accel', 'tcg', '-cpu', 'max', '-m', '512', '-nodefaults', '-no-reboot', '-display', 'none'],
      ...['-serial', 'stdio', '-drive', `if=ide,file=${vhd},format=vpc,snapshot=on`],
      ...machine,
    ],
    { reject: false, timeout: LIMIT_MILLISECONDS, killSignal: 'SIGKILL', stdin: 'ignore' },
  );
  let console = '';
  guest.stdout.on('data', (text: Buffer) => {
    console += text;
    if (console.includes(prompt)) guest.kill('SIGKILL');
  });
  const { stderr } = await guest;
  expect(console, `the end of the serial console: ${console.slice(-2000)}\n${stderr}`).toContain(prompt);
  process.stderr.write(`${prompt} after ${((Date.now() - startedAt) / 1000).toFixed(1)} s\n`);
}

async function convert(vmdk: string, vhd: string): Promise<void> {
  expect(await runCli(['convert', vmdk, vhd])).toMatchObject({ exitCode: 0, stderr: '' });
}

it('a converted BIOS guest boots to its login prompt', async ({ skip }) => {
  skip(!hasQemu, 'qemu-system-x86_64 is not installed (Debian package qemu-system-x86)');
  const vhd = join(folder, 'web01.vhd');
  await convert(join(ESTATE, 'web01', 'web01-disk1.vmdk'), vhd);
  await bootTo('web01 login:', vhd);
});

it('a converted UEFI guest boots to its login prompt', async ({ skip }) => {
  skip(!hasQemu, 'qemu-system-x86_64 is not installed (Debian package qemu-system-x86)');
  skip(!existsSync(OVMF.code), 'OVMF is not installed (Debian package ovmf)');
  await execa('tar', ['-xf', join(ESTATE, 'gateway.ova'), '-C', folder, 'gateway-disk1.vmdk']);
  const vhd = join(folder, 'gateway.vhd');
  await convert(join(folder, 'gateway-disk1.vmdk'), vhd);
  const variables = join(folder, 'variables.fd');
  await copyFile(OVMF.variables, variables);
  await bootTo(
    'gateway login:',
    vhd,
    ...['-drive', `if=pflash,format=raw,unit=0,readonly=on,file=${OVMF.code}`],
    ...['-drive', `if=pflash,format=raw,unit=1,file=${variables}`],
  );
});
