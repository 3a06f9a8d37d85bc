import { existsSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

const OVMF = { code: '/usr/share/OVMF/OVMF_CODE_4M.fd', variables: '/usr/share/OVMF/OVMF_VARS_4M.fd' };
/** Without hardware help a guest takes a minute or two; far more means that it hangs. */
const LIMIT_MILLISECONDS = 900_000;

export interface EmulatedBoot {
  /** The serial console up to the end. */
  readonly console: string;
  /** The pattern that ended it; undefined when the time was over or the machine ended first. */
  readonly end: RegExp | undefined;
}

/** The Debian package that is missing for an emulated PC with this firmware; undefined when all is there. */
export async function missingForBoot(firmware: 'bios' | 'efi'): Promise<string | undefined> {
  const { exitCode } = await execa('qemu-system-x86_64', ['--version'], { reject: false });
  if (exitCode !== 0) return 'qemu-system-x86';
  return firmware === 'efi' && !existsSync(OVMF.code) ? 'ovmf' : undefined;
}

/** A VHD as an IDE disk: what Xen offers to a BIOS guest without Xen drivers. The file is never written to. */
export function onIde(vhd: string): string[] {
  return ['-drive', `if=ide,file=${vhd},format=vpc,snapshot=on`];
}

/** A VHD as an NVMe disk: what XenServer and XCP-ng offer to a UEFI guest without Xen drivers. */
export function onNvme(vhd: string): string[] {
  const drive = `if=none,id=disk,file=${vhd},format=vpc,snapshot=on`;
  return ['-drive', drive, '-device', 'nvme,drive=disk,serial=disk'];
}

/** UEFI firmware with variables as they are on a new machine; the folder holds them. */
export async function uefi(folder: string): Promise<string[]> {
  const variables = join(folder, 'variables.fd');
  await copyFile(OVMF.variables, variables);
  return [
    ...['-drive', `if=pflash,format=raw,unit=0,readonly=on,file=${OVMF.code}`],
    ...['-drive', `if=pflash,format=raw,unit=1,file=${variables}`],
  ];
}

/** Runs an emulated PC of these parts until one of the patterns stands on its serial console. */
export async function bootUntil(ends: readonly RegExp[], ...parts: readonly string[]): Promise<EmulatedBoot> {
  const startedAt = Date.now();
  const pc = ['-accel', 'tcg', '-cpu', 'max', '-m', '512', '-nodefaults', '-no-reboot', '-display', 'none'];
  const machine = execa('qemu-system-x86_64', [...pc, '-serial', 'stdio', ...parts], {
    reject: false,
    timeout: LIMIT_MILLISECONDS,
    killSignal: 'SIGKILL',
    stdin: 'ignore',
  });
  let console = '';
  let end: RegExp | undefined;
  machine.stdout.on('data', (text: Buffer) => {
    console += text;
    end ??= ends.find((pattern) => pattern.test(console));
    if (end !== undefined) machine.kill('SIGKILL');
  });
  const { stderr } = await machine;
  process.stderr.write(`${end ?? 'no end'} after ${((Date.now() - startedAt) / 1000).toFixed(1)} s\n`);
  return { console: `${console}${stderr}`, end };
}
