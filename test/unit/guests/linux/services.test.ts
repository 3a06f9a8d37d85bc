import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MemoryFiles } from '../../../support/memory-files.js';
import { fixup, runTwice } from '../../../support/run-fixups.js';
import { tempFiles } from '../../../support/temp-files.js';
import { linuxGuest } from './guests.js';

const { folder, put } = tempFiles();

describe('VMware Tools', () => {
  it('as open-vm-tools are masked, and Ubuntu is told that they stay', async () => {
    const files = new MemoryFiles({ '/lib/systemd/system/open-vm-tools.service': '[Unit]\n' });
    const { warnings } = await runTwice('linux/vmware-tools', {
      guest: linuxGuest({ distribution: 'ubuntu' }),
      files,
    });
    expect(await files.entry('/etc/systemd/system/open-vm-tools.service')).toMatchObject({
      target: '/dev/null',
    });
    expect(warnings).toEqual([expect.stringContaining('ubuntu-server')]);
  });

  it('of the tarball do not start and are uninstalled at the first start', async () => {
    const files = new MemoryFiles({
      '/etc/rc.d/rc3.d/S03vmware-tools': { link: '../init.d/vmware-tools' },
      '/etc/rc.d/rc3.d/S10network': { link: '../init.d/network' },
      '/etc/rc.d/init.d/network': '#!/bin/sh\n',
      '/usr/bin/vmware-uninstall-tools.pl': '#!/usr/bin/perl\n',
      '/etc/vmware-tools/locations': 'answer BINDIR /usr/bin\n',
    });
    await runTwice('linux/vmware-tools', {
      guest: linuxGuest({ distribution: 'centos', version: '6.2' }),
      files,
    });
    expect(await files.list('/etc/rc.d/rc3.d')).toEqual(['S10network']);
    const script = await files.text('/var/lib/xenferry/first-boot.d/20-vmware-tools');
    expect(script).toContain("echo 'remove_answer RESTORE_RAMDISK_CMD'");
  });

  it('are no longer updated from VMware, other repositories are', async () => {
    const files = new MemoryFiles({
      '/etc/yum.repos.d/all.repo':
        '[base]\nbaseurl=http://mirror.example.com/\nenabled=1\n\n[vmware-tools]\nbaseurl=https://packages.vmware.com/tools\nenabled = 1\n',
    });
    await runTwice('linux/vmware-tools', { guest: linuxGuest(), files });
    expect(await files.text('/etc/yum.repos.d/all.repo')).toBe(
      '[base]\nbaseurl=http://mirror.example.com/\nenabled=1\n\n[vmware-tools]\nbaseurl=https://packages.vmware.com/tools\nenabled = 0\n',
    );
  });
});

describe('Xen guest tools', () => {
  it('are the newest package for the distribution and architecture', async () => {
    put('xe-guest-utilities_7.9.0-1_amd64.deb', 'old');
    put('xe-guest-utilities_7.30.0-1_amd64.deb', 'new');
    put('xe-guest-utilities_7.30.0-1_i386.deb', 'small');
    put('xe-guest-utilities-7.30.0-1.x86_64.rpm', 'rpm');
    const debian = new MemoryFiles();
    await runTwice('linux/guest-tools', { guest: linuxGuest(), files: debian }, folder);
    expect(await debian.text('/var/lib/xenferry/tools/xe-guest-utilities_7.30.0-1_amd64.deb')).toBe('new');
    const rhel = new MemoryFiles();
    await runTwice('linux/guest-tools', { guest: linuxGuest({ distribution: 'rhel' }), files: rhel }, folder);
    expect(await rhel.text('/var/lib/xenferry/tools/xe-guest-utilities-7.30.0-1.x86_64.rpm')).toBe('rpm');
  });

  it('are missed in words when there are none', async () => {
    const files = new MemoryFiles();
    const { warnings } = await runTwice('linux/guest-tools', { guest: linuxGuest(), files });
    expect(warnings).toEqual([expect.stringContaining('not installed')]);
    expect(files.changes).toEqual([]);
  });
});

describe('cloud-init', () => {
  it('no longer writes the network configuration', async () => {
    const files = new MemoryFiles({ '/etc/cloud/cloud.cfg': 'users: []\n' });
    await runTwice('linux/cloud-init', { guest: linuxGuest(), files });
    expect(await files.text('/etc/cloud/cloud.cfg.d/99-xenferry-network.cfg')).toBe(
      'network: {config: disabled}\n',
    );
  });

  it('is left alone where the operator has done so already', async () => {
    const files = new MemoryFiles({
      '/etc/cloud/cloud.cfg': 'users: []\n',
      '/etc/cloud/cloud.cfg.d/99-own.cfg': 'network:\n  config: disabled\n',
    });
    await runTwice('linux/cloud-init', { guest: linuxGuest(), files });
    expect(files.changes).toEqual([]);
  });
});

describe('the EFI boot loader', () => {
  it('is found by its fallback name, with what shim loads beside it', async () => {
    const files = new MemoryFiles({
      '/boot/efi/EFI/debian/shimx64.efi': 'shim',
      '/boot/efi/EFI/debian/grubx64.efi': 'grub',
      '/boot/efi/EFI/debian/grub.cfg': 'search.fs_uuid 1234 root\n',
    });
    await runTwice('linux/uefi-fallback', { guest: linuxGuest({ firmware: 'efi' }), files });
    expect(await files.text('/boot/efi/EFI/BOOT/BOOTX64.EFI')).toBe('shim');
    expect(await files.text('/boot/efi/EFI/BOOT/grubx64.efi')).toBe('grub');
  });

  it('that is there in any letter case stays', async () => {
    const files = new MemoryFiles({ '/boot/efi/EFI/Boot/bootx64.efi': 'there' });
    await runTwice('linux/uefi-fallback', { guest: linuxGuest({ firmware: 'efi' }), files });
    expect(files.changes).toEqual([]);
  });

  it('that is missing refuses the guest, but not one with BIOS', async () => {
    const files = new MemoryFiles({ '/boot/efi/EFI/other/readme': 'x' });
    const supplies = { toolsFolder: null };
    const run = fixup('linux/uefi-fallback').run(linuxGuest({ firmware: 'efi' }), files, supplies);
    await expect(run).rejects.toMatchObject({ code: 'GUEST_REFUSED' });
    await runTwice('linux/uefi-fallback', { guest: linuxGuest(), files });
  });
});

describe('SELinux', () => {
  it('labels are set at the first start unless it is off', async () => {
    const on = new MemoryFiles({ '/etc/selinux/config': 'SELINUX=enforcing\n' });
    await runTwice('linux/selinux', { guest: linuxGuest(), files: on });
    expect(on.changes).toEqual(['/var/lib/xenferry/first-boot.d/05-selinux-labels']);
    const off = new MemoryFiles({ '/etc/selinux/config': '# SELINUX=enforcing\nSELINUX=disabled\n' });
    await runTwice('linux/selinux', { guest: linuxGuest(), files: off });
    expect(off.changes).toEqual([]);
  });
});

describe('the console', () => {
  it('of X no longer uses the driver of the VMware screen', async () => {
    const files = new MemoryFiles({
      '/etc/X11/xorg.conf': 'Section "Device"\n\tDriver "vmware"\nEndSection\n',
    });
    await runTwice('linux/console', { guest: linuxGuest(), files });
    expect(await files.text('/etc/X11/xorg.conf')).toBe(
      'Section "Device"\n\tDriver "modesetting"\nEndSection\n',
    );
  });

  it('on Xen alone is warned of', async () => {
    const files = new MemoryFiles({ '/boot/grub/grub.cfg': 'linux /vmlinuz console=hvc0\n' });
    const { warnings } = await runTwice('linux/console', { guest: linuxGuest(), files });
    expect(warnings).toEqual([expect.stringContaining('console=tty0')]);
  });
});

const SCRIPT = { '/var/lib/xenferry/first-boot.d/20-a': '#!/bin/sh\n' };

describe('the first start', () => {
  it.each([
    [
      'systemd',
      { '/usr/lib/systemd/systemd': 'x' },
      '/etc/systemd/system/multi-user.target.wants/xenferry-first-boot.service',
    ],
    [
      'Red Hat',
      { '/etc/rc.d/rc3.d/S10network': 'x', '/etc/rc.d/init.d/network': 'x' },
      '/etc/rc.d/rc3.d/S99xenferry-first-boot',
    ],
    ['SUSE', { '/etc/init.d/rc3.d/S01network': 'x' }, '/etc/init.d/rc3.d/S99xenferry-first-boot'],
    [
      'Debian',
      { '/etc/rc3.d/S01network': 'x', '/etc/init.d/network': 'x' },
      '/etc/rc3.d/S99xenferry-first-boot',
    ],
  ])('runs the scripts by %s', async (_, tree, link) => {
    const files = new MemoryFiles({ ...SCRIPT, ...tree });
    const { atFirstBoot } = await runTwice('linux/first-boot', { guest: linuxGuest(), files });
    const target = (await files.entry(link))?.target ?? '';
    expect(await files.text(target)).toContain('/var/lib/xenferry/first-boot');
    expect(atFirstBoot).toHaveLength(1);
    const runner = join(folder, 'runner');
    writeFileSync(runner, (await files.text('/var/lib/xenferry/first-boot')) ?? 'syntax error (');
    execFileSync('sh', ['-n', runner]);
  });

  it('needs no service when there is nothing to do', async () => {
    const files = new MemoryFiles({ '/usr/lib/systemd/systemd': 'x' });
    await runTwice('linux/first-boot', { guest: linuxGuest(), files });
    expect(files.changes).toEqual([]);
  });
});
