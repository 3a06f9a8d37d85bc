import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect } from 'vitest';
import { runCli } from './run-cli.js';

const BUILD = fileURLToPath(new URL('../guests/build.sh', import.meta.url));

/** What test/guests/build.sh builds: guests of Debian's packages as they come from VMware. */
export interface VmwareGuest {
  readonly name: 'mbr-ext4' | 'uefi-gpt' | 'lvm-xfs';
  readonly firmware: 'bios' | 'efi';
  /** What stands on the same disk below the root file system when Xen's own driver serves it. */
  readonly xenRoot: string;
}

/** Those of the guests' facts that tests ask for; they stand in test/guests/build.sh and test/guests/files/. */
export const GUEST_FACTS = {
  loginPrompt: 'vmguest login: ',
  password: 'xenferry',
  mac: '00:50:56:aa:bb:cc',
  nic: 'ens192',
  ipv4: '192.0.2.10',
  ipv6: '2001:db8::10',
} as const;

export const MBR_EXT4: VmwareGuest = { name: 'mbr-ext4', firmware: 'bios', xenRoot: 'xvda1' };
export const UEFI_GPT: VmwareGuest = { name: 'uefi-gpt', firmware: 'efi', xenRoot: 'xvda2' };
export const LVM_XFS: VmwareGuest = { name: 'lvm-xfs', firmware: 'bios', xenRoot: 'xvda2' };

/** The guest's VMDK, built unless it is there. */
export async function vmdkOf(name: VmwareGuest['name'] | `${VmwareGuest['name']}-ready`): Promise<string> {
  const { stdout } = await execa('bash', [BUILD, name], { stderr: 'inherit' });
  return stdout;
}

/** The guest converted as it is: a VHD in the folder. */
export async function convertUnfixed(vmdk: string, folder: string): Promise<string> {
  const vhd = join(folder, `${basename(vmdk, '.vmdk')}-unfixed.vhd`);
  expect(await runCli(['convert', vmdk, vhd])).toMatchObject({ exitCode: 0, stderr: '' });
  return vhd;
}

/** The guest made ready for Xen, and then converted: a VHD in the folder. */
export async function convertFixed({ name, firmware }: VmwareGuest, folder: string): Promise<string> {
  const vmdk = await vmdkOf(name);
  const fixups = join(folder, `${name}-fixups`);
  const vhd = join(folder, `${name}.vhd`);
  const fix = ['guest', 'fix', vmdk, '--into', fixups, '--firmware', firmware, '--nic', GUEST_FACTS.mac];
  expect(await runCli(fix)).toMatchObject({ exitCode: 0 });
  expect(await runCli(['convert', vmdk, vhd, '--overlay', join(fixups, 'disk0.qcow2')])).toMatchObject({
    exitCode: 0,
    stderr: '',
  });
  return vhd;
}
