import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { openAnyGuest } from '../../src/guests/access/open-any-guest.js';
import { failureOf } from '../support/failure.js';
import {
  emptyFile,
  flattened,
  hostTree,
  makeFileSystem,
  overlaidVmdk,
  partition,
  putFile,
  sha256,
  tool,
} from '../support/guest-disks.js';
import { tempFiles } from '../support/temp-files.js';

const KEY = 'correct horse "battery" \\staple';
const MIB = 2 ** 20;
const { folder } = tempFiles();
const hasGuestfish = await execa('guestfish', ['--version'], { reject: false }).then(
  ({ exitCode }) => exitCode === 0,
);

/** libguestfs by itself, as the judge of what we did. Keys are lines of the script. */
async function guestfish(args: readonly string[], script: readonly string[]): Promise<string> {
  const { stdout } = await execa('guestfish', [...args, '--keys-from-stdin'], {
    input: `${script.join('\n')}\n`,
    env: {
      LIBGUESTFS_BACKEND: 'direct',
      LIBGUESTFS_BACKEND_SETTINGS: 'force_tcg',
      LIBGUESTFS_MEMSIZE: '1280',
    },
  });
  return stdout;
}

async function timed<T>(what: string, action: () => Promise<T>): Promise<T> {
  const startedAt = Date.now();
  const result = await action();
  process.stderr.write(`${what}: ${((Date.now() - startedAt) / 1000).toFixed(1)} s\n`);
  return result;
}

/** /boot on a RAID 1 over both disks; on the first disk a LUKS volume with LVM in it, which holds the root. */
async function makeGuest(): Promise<[string, string]> {
  const first = await emptyFile(join(folder, 'first.raw'), 320);
  const second = await emptyFile(join(folder, 'second.raw'), 106);
  const esp = await emptyFile(join(folder, 'esp.img'), 40);
  await makeFileSystem('mformat', ['-i', esp, '-F', '-N', 'CAFE1234', '::']);
  await makeFileSystem('mmd', ['-i', esp, '::/EFI']);
  await putFile(second, 65, esp);
  const sectors = (mebibytes: number) => String((mebibytes * MIB) / 512);
  await guestfish(
    ['--format=raw', '-a', first, '--format=raw', '-a', second],
    [
      'run',
      'part-init /dev/sda gpt',
      `part-add /dev/sda p ${sectors(1)} ${Number(sectors(65)) - 1}`,
      `part-add /dev/sda p ${sectors(65)} ${Number(sectors(319)) - 1}`,
      'part-init /dev/sdb mbr',
      `part-add /dev/sdb p ${sectors(1)} ${Number(sectors(65)) - 1}`,
      `part-add /dev/sdb p ${sectors(65)} ${Number(sectors(105)) - 1}`,
      'part-set-mbr-id /dev/sdb 2 0xef',
      'md-create mirror "/dev/sda1 /dev/sdb1" level:raid1',
      'mkfs ext4 /dev/md/mirror label:boot',
      'luks-format /dev/sda2 0',
      KEY,
      'luks-open /dev/sda2 making',
      KEY,
      'pvcreate /dev/mapper/making',
      'vgcreate sys-a /dev/mapper/making',
      'lvcreate root sys-a 128',
      'mkfs ext4 /dev/sys-a/root',
      'mount /dev/sys-a/root /',
      'mkdir /boot',
      'mount /dev/md/mirror /boot',
      'write /boot/vmlinuz-6.1 kernel',
      'mkdir /etc',
      'mkdir-p /usr/bin',
      'ln-s usr/bin /bin',
      'write /etc/os-release "ID=debian\\n"',
      'write /etc/passwd "root:x:0:0::/root:/bin/sh\\n"',
      'chown 12 34 /etc/passwd',
      'chmod 0640 /etc/passwd',
      'lsetxattr user.kept yes 3 /etc/passwd',
      'lsetxattr security.selinux system_u:object_r:etc_t:s0 26 /etc',
      'ln-s /etc/passwd /etc/absolute',
      'write "/etc/a\\nb \\"c\\" $HOME \\\\" odd',
      'write /etc/fstab "/dev/mapper/sys--a-root / ext4 defaults 0 1\\nLABEL=boot /boot ext4 defaults 0 2\\nUUID=CAFE-1234 /boot/efi vfat defaults 0 1\\n"',
    ],
  );
  return [first, second];
}

it('a guest with LUKS, LVM and RAID is changed, and its source is not', async ({ skip }) => {
  skip(!hasGuestfish, 'guestfish is not installed (Debian package guestfish)');
  const [first, second] = await timed('making the guest', makeGuest);
  const disks = [await overlaidVmdk(first, folder), await overlaidVmdk(second, folder)] as const;
  const before = await Promise.all(disks.map(({ vmdk }) => sha256(vmdk)));
  const keyFile = join(folder, 'key');
  await writeFile(keyFile, `${KEY}\n`, { mode: 0o600 });
  const workFolder = join(folder, 'work');
  const options = { workFolder, cacheFolder: join(folder, 'cache') };

  const guest = await timed('opening it, KVM probed', () =>
    openAnyGuest(disks, { ...options, keys: [{ environment: 'PATH' }, { file: keyFile }] }),
  );
  const { files } = guest;
  expect(guest.family).toBe('linux');
  expect(guest.backends).toMatchObject({
    '/dev/mapper/sys--a-root': 'libguestfs',
    '/dev/md/mirror': 'libguestfs',
  });
  expect(guest.fileSystems).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ device: '/dev/mapper/sys--a-root', type: 'ext4', mountPoint: '/' }),
      expect.objectContaining({ device: '/dev/md/mirror', type: 'ext4', label: 'boot', mountPoint: '/boot' }),
      expect.objectContaining({ device: '/dev/sda2', type: 'crypto_LUKS', mountPoint: null }),
      expect.objectContaining({ device: '/dev/sdb1', type: 'linux_raid_member', mountPoint: null }),
    ]),
  );
  expect(await files.entry('/etc/passwd')).toMatchObject({ kind: 'file', mode: 0o640, uid: 12, gid: 34 });
  expect(await files.entry('/etc/absolute')).toMatchObject({ kind: 'link', target: '/etc/passwd' });
  expect((await files.read('/etc/absolute', 100))?.toString()).toBe('root:x:0:0::/root:/bin/sh\n');
  expect((await files.read('/etc/a\nb "c" $HOME \\', 100))?.toString()).toBe('odd');
  expect((await failureOf(files.read('/etc/passwd', 5))).code).toBe('GUEST_UNREADABLE');
  expect(await files.read('/etc/nothing', 5)).toBeNull();
  expect(await files.list('/etc/passwd')).toEqual([]);
  expect(await files.list('/bin')).toEqual([]);
  await timed('changing it', async () => {
    await files.write('/etc/absolute', Buffer.from('changed\n'));
    await files.write('/etc/new/file', Buffer.from('new\n'), { mode: 0o600 });
    await files.append('/boot/vmlinuz-6.1', Buffer.from('-more'));
    await files.link('/etc/link', 'new/file');
    await guest.files.write('/boot/efi/efi/boot/BOOTX64.EFI', Buffer.from('loader'));
    await files.remove('/etc/a\nb "c" $HOME \\');
  });
  await timed('closing it', () => guest.close());
  expect(await readdir(workFolder)).not.toContain('gf');
  expect(await Promise.all(disks.map(({ vmdk }) => sha256(vmdk)))).toEqual(before);

  const told = await timed('reading it back', () =>
    guestfish(
      disks.flatMap(({ overlay }) => ['--ro', '--format=qcow2', '-a', overlay]),
      [
        'run',
        'luks-open /dev/sda2 judging',
        KEY,
        'lvm-scan true',
        'e2fsck-f /dev/sys-a/root',
        'mount /dev/sys-a/root /',
        'mount /dev/md127 /boot',
        'cat /boot/vmlinuz-6.1',
        'echo',
        'mount /dev/sdb2 /boot',
        'cat /boot/EFI/boot/BOOTX64.EFI',
        'echo',
        'cat /etc/passwd',
        'lgetxattr /etc/passwd user.kept',
        'echo',
        'lgetxattr /etc/new/file security.selinux',
        'echo',
        'filesize /etc/new/file',
        'readlink /etc/link',
        'ls /etc',
      ],
    ),
  );
  expect(told.split('\n').filter((line) => line !== '')).toEqual([
    'kernel-more',
    'loader',
    'changed',
    'yes',
    'system_u:object_r:etc_t:s0',
    '4',
    'new/file',
    ...['absolute', 'fstab', 'link', 'new', 'os-release', 'passwd'],
  ]);
});

it('Windows is changed in isolation', async ({ skip }) => {
  skip(!hasGuestfish, 'guestfish is not installed (Debian package guestfish)');
  skip(process.getuid?.() !== 0, 'the NTFS of the test is made by mounting it');
  const raw = await emptyFile(join(folder, 'windows.raw'), 66);
  await partition(raw, 'label: dos\nstart=1MiB, size=64MiB, type=7\n');
  const part = await emptyFile(join(folder, 'windows.part'), 64);
  await makeFileSystem('mkntfs', ['-q', '-F', '-L', 'System', part]);
  const mnt = join(folder, 'mnt');
  await mkdir(mnt);
  await makeFileSystem('ntfs-3g', [part, mnt]);
  await hostTree(mnt, { 'WINDOWS/system32/config/SYSTEM': 'hive', 'WINDOWS/explorer.exe': 'MZ' });
  await tool('umount', [mnt]);
  await putFile(raw, 1, part);
  const disk = await overlaidVmdk(raw, folder);

  const options = { workFolder: join(folder, 'isolated'), cacheFolder: join(folder, 'cache') };
  const guest = await timed('opening Windows', () => openAnyGuest([disk], { ...options, isolate: true }));
  expect(guest.backends).toEqual({ '/dev/sda1': 'libguestfs' });
  expect(guest.fileSystems).toMatchObject([{ device: '/dev/sda1', type: 'ntfs', label: 'System' }]);
  expect((await guest.files.read('/windows/System32/CONFIG/system', 100))?.toString()).toBe('hive');
  await guest.files.write('/Windows/System32/config/system', Buffer.from('changed'));
  await guest.files.write('/windows/SYSTEM32/drivers/xenvbd.sys', Buffer.from('driver'));
  await guest.close();
  const after = await flattened(disk.overlay, join(folder, 'after.raw'));
  await tool('dd', [`if=${after}`, `of=${part}`, 'bs=1M', 'skip=1', 'count=64']);
  expect((await tool('ntfscat', [part, 'WINDOWS/system32/config/SYSTEM'])).stdout).toBe('changed');
  expect((await tool('ntfscat', [part, 'WINDOWS/system32/drivers/xenvbd.sys'])).stdout).toBe('driver');
});

it('a guest is left at once when it is canceled', async ({ skip }) => {
  skip(!hasGuestfish, 'guestfish is not installed (Debian package guestfish)');
  const disk = await overlaidVmdk(await emptyFile(join(folder, 'empty.raw'), 4), folder);
  const stop = new AbortController();
  const workFolder = join(folder, 'stopped');
  const opening = failureOf(
    openAnyGuest([disk], {
      workFolder,
      cacheFolder: join(folder, 'cache'),
      isolate: true,
      signal: stop.signal,
    }),
  );
  await new Promise((resolve) => setTimeout(resolve, 6_000));
  const abortedAt = Date.now();
  stop.abort();
  expect((await opening).code).toBe('CANCELED');
  expect(Date.now() - abortedAt).toBeLessThan(1_000);
  const { stdout } = await execa('ps', ['-eo', 'args']);
  expect(stdout).not.toContain(workFolder);
});
