import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openGuest } from '../../../../src/guests/access/open-guest.js';
import { applyEdits } from '../../../../src/guests/files/apply-edits.js';
import { StagedFiles } from '../../../../src/guests/files/staged-files.js';
import { MIB } from '../../../../src/model/units.js';
import { failureOf } from '../../../support/failure.js';
import {
  canMount,
  emptyFile,
  flattened,
  hostTree,
  makeFileSystem,
  mountsIn,
  overlaidVmdk,
  partition,
  putExt4,
  putFile,
  sha256,
  tool,
} from '../../../support/guest-disks.js';
import { tempFiles } from '../../../support/temp-files.js';

const { folder } = tempFiles();
const LARGE = 10 * MIB;

async function folderFor(name: string): Promise<string> {
  await mkdir(join(folder, name));
  return join(folder, name);
}

describe.skipIf(!canMount)('openGuest (needs FUSE; XFS needs root)', () => {
  it('changes an ext4 system with /boot and an EFI partition, and leaves the source as it was', async () => {
    const own = await folderFor('ext4');
    const raw = await emptyFile(join(own, 'disk.raw'), 128);
    await partition(
      raw,
      'label: gpt\nstart=1MiB, size=40MiB, type=U\nstart=41MiB, size=16MiB, type=L\nstart=57MiB, size=64MiB, type=L\n',
    );
    const esp = await emptyFile(join(own, 'esp.img'), 40);
    await makeFileSystem('mformat', ['-i', esp, '-F', '-N', 'CAFE1234', '::']);
    await makeFileSystem('mmd', ['-i', esp, '::/EFI', '::/EFI/Debian']);
    await putFile(raw, 1, esp);
    const boot = await hostTree(join(own, 'boot'), { 'vmlinuz-6.1': 'kernel', 'grub/grub.cfg': 'menu\n' });
    await putExt4(raw, 41, 16, boot);
    const uuid = (await tool('blkid', ['-p', '-O', `${41 * MIB}`, '-s', 'UUID', '-o', 'value', raw])).stdout;
    const root = await hostTree(join(own, 'root'), {
      'etc/os-release': 'ID=debian\n',
      'etc/fstab': `/dev/sda3 / ext4 defaults 0 1\nUUID=${uuid} /boot ext4 defaults 0 2\nUUID=CAFE-1234 /boot/efi vfat umask=0077 0 1\n`,
      'etc/passwd': 'root:x:0:0::/root:/bin/sh\n',
      'usr/bin/sh': 'x',
      'boot/hidden': 'x',
    });
    await tool('ln', ['-s', '/etc/passwd', join(root, 'etc/absolute')]);
    await tool('ln', ['-s', '../../../../../../etc/hostname', join(root, 'etc/upward')]);
    await tool('ln', ['-s', 'loop', join(root, 'etc/loop')]);
    await tool('setfattr', ['-n', 'user.kept', '-v', 'yes', join(root, 'etc/passwd')]);
    await putExt4(raw, 57, 64, root);
    const disk = await overlaidVmdk(raw, own);
    const before = await sha256(disk.vmdk);

    const work = join(own, 'work');
    const guest = await openGuest([disk], { workFolder: work });
    expect(guest.family).toBe('linux');
    expect(guest.backends).toEqual({ '/dev/sda1': 'mtools', '/dev/sda2': 'fuse2fs', '/dev/sda3': 'fuse2fs' });
    const { files } = guest;
    expect(await files.list('/boot')).toEqual(['grub', 'lost+found', 'vmlinuz-6.1']);
    expect((await files.read('/etc/absolute', LARGE))?.toString()).toBe('root:x:0:0::/root:/bin/sh\n');
    expect(await files.read('/etc/upward', LARGE)).toBeNull();
    expect((await failureOf(files.read('/etc/loop', LARGE))).code).toBe('GUEST_UNREADABLE');
    await files.write('/etc/upward', Buffer.from('guest\n'));
    await files.write('/etc/absolute', Buffer.from('changed\n'));
    await files.append('/boot/vmlinuz-6.1', Buffer.from('-more'));
    await files.write('/etc/new/file', Buffer.from('new\n'), { mode: 0o600 });
    await files.link('/etc/link', 'new/file');
    await files.remove('/usr/bin/sh');
    await files.write('/boot/efi/EFI/BOOT/BOOTX64.EFI', Buffer.from('loader'));
    await files.write('/boot/efi/efi/debian/grub.cfg', Buffer.from('search\n'));
    expect((await files.entry('/boot/efi/efi/boot/bootx64.efi'))?.size).toBe(6);
    expect((await files.read('/boot/efi/efi/boot/bootx64.efi', 10))?.toString()).toBe('loader');
    await guest.close();
    expect(await mountsIn(work)).toEqual([]);

    expect(await sha256(disk.vmdk)).toBe(before);
    const after = await flattened(disk.overlay, join(own, 'after.raw'));
    for (const [start, size] of [
      [41, 16],
      [57, 64],
    ] as const) {
      const part = await emptyFile(join(own, `part${start}`), size);
      await tool('dd', [`if=${after}`, `of=${part}`, 'bs=1M', `skip=${start}`, `count=${size}`]);
      const check = await tool('e2fsck', ['-fn', part]);
      expect(`${check.exitCode} ${check.stdout}`).toMatch(/^0 /);
    }
    const ask = async (request: string) =>
      (await tool('debugfs', ['-R', request, join(own, 'part57')])).stdout;
    expect(await ask('cat /etc/passwd')).toBe('changed');
    expect(await ask('cat /etc/hostname')).toBe('guest');
    expect(await ask('ea_get /etc/passwd user.kept')).toContain('yes');
    expect(await ask('stat /etc/new/file')).toMatch(/Mode: +0600/);
    expect(await ask('stat /etc/link')).toContain('Fast link dest: "new/file"');
    expect(await ask('ls /usr/bin')).not.toContain('sh');
    expect((await tool('mtype', ['-i', `${after}@@1M`, '::/EFI/Debian/grub.cfg'])).stdout).toBe('search');
  });

  it('changes Windows on NTFS in any letter case', async () => {
    const own = await folderFor('ntfs');
    const raw = await emptyFile(join(own, 'disk.raw'), 108);
    await partition(raw, 'label: gpt\nstart=1MiB, size=64MiB\nstart=65MiB, size=40MiB, type=U\n');
    const part = await emptyFile(join(own, 'part'), 64);
    await makeFileSystem('mkntfs', ['-q', '-F', '-L', 'System', part]);
    const mnt = await folderFor('ntfs/mnt');
    await makeFileSystem('ntfs-3g', [part, mnt]);
    await hostTree(mnt, { 'WINDOWS/system32/config/SYSTEM': 'hive', 'WINDOWS/explorer.exe': 'MZ' });
    await tool('umount', [mnt]);
    await putFile(raw, 1, part);
    const esp = await emptyFile(join(own, 'esp.img'), 40);
    await makeFileSystem('mformat', ['-i', esp, '-F', '::']);
    await makeFileSystem('mmd', ['-i', esp, '::/EFI', '::/EFI/Boot']);
    await putFile(raw, 65, esp);
    const disk = await overlaidVmdk(raw, own);
    const guest = await openGuest([disk], { workFolder: join(own, 'work') });
    expect(guest.family).toBe('windows');
    expect(guest.fileSystems).toMatchObject([
      { device: '/dev/sda1', type: 'ntfs', label: 'System', mountPoint: '/' },
      { device: '/dev/sda2', type: 'vfat', mountPoint: '/EFI:' },
    ]);
    expect((await guest.files.read('/windows/System32/CONFIG/system', LARGE))?.toString()).toBe('hive');
    await guest.files.write('/Windows/System32/config/system', Buffer.from('changed'));
    await guest.files.write('/windows/SYSTEM32/drivers/xenvbd.sys', Buffer.from('driver'));
    const staged = new StagedFiles(guest.files);
    expect(await staged.entry('/EFI:/efi/boot/BOOTX64.EFI')).toBeNull();
    await staged.write('/EFI:/EFI/Boot/bootx64.efi', Buffer.from('loader'));
    const store = { put: async () => {}, get: async () => null };
    await applyEdits(guest.files, await staged.edits(), store);
    expect((await guest.files.read('/EFI:/efi/boot/bootx64.efi', 10))?.toString()).toBe('loader');
    expect(await guest.files.list('/WINDOWS')).toEqual(['explorer.exe', 'system32']);
    await guest.close();
    const after = await flattened(disk.overlay, join(own, 'after.raw'));
    await tool('dd', [`if=${after}`, `of=${part}`, 'bs=1M', 'skip=1', 'count=64']);
    expect((await tool('ntfsfix', ['-n', part])).exitCode).toBe(0);
    expect((await tool('ntfscat', [part, 'WINDOWS/system32/config/SYSTEM'])).stdout).toBe('changed');
    expect((await tool('ntfscat', [part, 'WINDOWS/system32/drivers/xenvbd.sys'])).stdout).toBe('driver');
  });

  it('changes an XFS root by the kernel, and keeps SELinux labels', async () => {
    const own = await folderFor('xfs');
    const xfs = await emptyFile(join(own, 'xfs.img'), 320);
    await makeFileSystem('mkfs.xfs', ['-q', xfs]);
    const mnt = await folderFor('xfs/mnt');
    await makeFileSystem('mount', ['-o', 'loop', xfs, mnt]);
    await hostTree(mnt, {
      'etc/fstab': '/dev/sda / xfs defaults 0 0\n',
      'etc/hosts': 'h',
      'usr/bin/sh': 'x',
    });
    const label = 'system_u:object_r:etc_t:s0';
    await makeFileSystem('setfattr', ['-n', 'security.selinux', '-v', label, join(mnt, 'etc/fstab')]);
    await tool('umount', [mnt]);
    const disk = await overlaidVmdk(xfs, own);
    const guest = await openGuest([disk], { workFolder: join(own, 'work') });
    expect(guest.backends).toEqual({ '/dev/sda': 'kernel' });
    await guest.files.write('/etc/fstab', Buffer.from('changed'));
    await guest.files.write('/etc/added', Buffer.from('new'));
    await guest.close();
    expect(await mountsIn(join(own, 'work'))).toEqual([]);
    const after = await flattened(disk.overlay, join(own, 'after.raw'));
    expect((await tool('xfs_repair', ['-n', after])).exitCode).toBe(0);
    await makeFileSystem('mount', ['-o', 'loop,ro,nouuid', after, mnt]);
    try {
      const read = ['--absolute-names', '--only-values', '-n', 'security.selinux'];
      expect((await tool('getfattr', [...read, join(mnt, 'etc/fstab')])).stdout).toContain(label);
      expect((await tool('getfattr', [...read, join(mnt, 'etc/added')])).stdout).toContain(label);
    } finally {
      await tool('umount', [mnt]);
    }
  });

  it('takes down what a run that never closed left before it opens the guest again', async () => {
    const own = await folderFor('killed');
    const raw = await emptyFile(join(own, 'disk.raw'), 33);
    await partition(raw, 'label: dos\nstart=1MiB, size=32MiB, type=83\n');
    const root = await hostTree(join(own, 'root'), { 'etc/hostname': 'guest', 'usr/bin/sh': 'x' });
    await putExt4(raw, 1, 32, root);
    const disk = await overlaidVmdk(raw, own);
    const work = join(own, 'work');
    // Nobody closes it, as after a kill: its processes have a group of their own and go on.
    await openGuest([disk], { workFolder: work });
    expect((await mountsIn(work)).length).toBe(2);
    const again = await openGuest([disk], { workFolder: work });
    expect((await again.files.read('/etc/hostname', LARGE))?.toString()).toBe('guest');
    await again.close();
    expect(await mountsIn(work)).toEqual([]);
    expect((await tool('pgrep', ['-f', work])).stdout).toBe('');
  });

  it('refuses a Windows that wants to be checked, and leaves nothing mounted', async () => {
    const own = await folderFor('dirty');
    const part = await emptyFile(join(own, 'part'), 32);
    await makeFileSystem('mkntfs', ['-q', '-F', '-f', part]);
    await makeFileSystem('ntfsfix', [part]);
    const disk = await overlaidVmdk(part, own);
    const error = await failureOf(openGuest([disk], { workFolder: join(own, 'work') }));
    expect(error.code).toBe('GUEST_REFUSED');
    expect(error.message).toContain('not shut down cleanly');
    expect(await mountsIn(join(own, 'work'))).toEqual([]);
  });
});
