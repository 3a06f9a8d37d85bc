import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCpio, writeCpio } from '../../../../src/guests/fixups/linux/initramfs/cpio.js';
import { readInitramfs } from '../../../../src/guests/fixups/linux/initramfs/image.js';
import { MemoryFiles } from '../../../support/memory-files.js';
import { fixup, runTwice } from '../../../support/run-fixups.js';
import { tempFiles } from '../../../support/temp-files.js';
import { linuxGuest } from './guests.js';

const { folder } = tempFiles();
const VERSION = '6.1.0-18-amd64';
const MODULES = `/lib/modules/${VERSION}`;
const INITRD = `/boot/initrd.img-${VERSION}`;

const GRUB_CFG = `set default="0"
menuentry 'Debian GNU/Linux' --class debian $menuentry_id_option 'gnulinux-simple' {
	search --no-floppy --fs-uuid --set=root 1234
	linux	/boot/vmlinuz-${VERSION} root=UUID=1234 ro quiet
	initrd	/boot/initrd.img-${VERSION}
}
`;

/** What depmod writes of these modules; the contents need not be modules for modprobe to find them. */
const KERNEL: Readonly<Record<string, string>> = {
  [`${MODULES}/modules.dep`]: [
    'kernel/drivers/block/xen-blkfront.ko: kernel/drivers/xen/xenbus-fe.ko',
    'kernel/drivers/xen/xenbus-fe.ko:',
    'kernel/drivers/ata/ata_piix.ko: kernel/drivers/ata/libata.ko kernel/drivers/scsi/scsi_mod.ko',
    'kernel/drivers/ata/ata_generic.ko: kernel/drivers/ata/libata.ko kernel/drivers/scsi/scsi_mod.ko',
    'kernel/drivers/ata/libata.ko: kernel/drivers/scsi/scsi_mod.ko',
    'kernel/drivers/scsi/scsi_mod.ko:',
    'kernel/drivers/scsi/sd_mod.ko: kernel/drivers/scsi/scsi_mod.ko',
    'kernel/drivers/scsi/vmw_pvscsi.ko: kernel/drivers/scsi/scsi_mod.ko',
    '',
  ].join('\n'),
  [`${MODULES}/modules.builtin`]: 'kernel/drivers/xen/xen-pci.ko\n',
  [`${MODULES}/modules.alias`]: [
    '# Aliases extracted from modules themselves.',
    'alias xen:vbd xen_blkfront',
    'alias pci:v00008086d00007010sv*sd*bc*sc*i* ata_piix',
    'alias pci:v00008086d00007111sv*sd*bc*sc*i* ata_piix',
    'alias pci:v000015ADd000007C0sv*sd*bc*sc*i* vmw_pvscsi',
    'alias scsi:t-0x00* sd_mod',
    '',
  ].join('\n'),
  ...Object.fromEntries(
    ['block/xen-blkfront', 'xen/xenbus-fe', 'ata/ata_piix', 'ata/ata_generic', 'ata/libata'].map((name) => [
      `${MODULES}/kernel/drivers/${name}.ko`,
      `module ${name}`,
    ]),
  ),
  [`${MODULES}/kernel/drivers/scsi/scsi_mod.ko`]: 'module scsi_mod',
  [`${MODULES}/kernel/drivers/scsi/sd_mod.ko`]: 'module sd_mod',
};

/** The initramfs of a guest that only knows VMware's disk, made by cpio. */
const VMWARE_ONLY: Readonly<Record<string, string>> = {
  init: '#!/bin/sh\n',
  'conf/initramfs.conf': 'MODULES=list\n',
  'conf/modules': 'vmw_pvscsi\n',
  [`usr/lib/modules/${VERSION}/kernel/drivers/scsi/vmw_pvscsi.ko`]: 'module vmw_pvscsi',
  [`usr/lib/modules/${VERSION}/kernel/drivers/scsi/scsi_mod.ko`]: 'module scsi_mod',
};

function archive(tree: Readonly<Record<string, string>>): Buffer {
  const place = mkdtempSync(join(folder, 'tree-'));
  for (const [path, text] of Object.entries(tree)) {
    mkdirSync(dirname(join(place, path)), { recursive: true });
    writeFileSync(join(place, path), text);
  }
  return execFileSync('sh', ['-c', 'find . -mindepth 1 | cpio -o -H newc --quiet'], { cwd: place });
}

function debian(initrd: Buffer, more: Readonly<Record<string, string>> = {}): MemoryFiles {
  return new MemoryFiles({
    '/boot/grub/grub.cfg': GRUB_CFG,
    [`/boot/vmlinuz-${VERSION}`]: 'kernel',
    [INITRD]: initrd,
    '/etc/initramfs-tools/modules': '# List of modules\n',
    ...KERNEL,
    ...more,
  });
}

const PACKED: readonly (readonly [string, string])[] = [
  ['nothing', 'cat'],
  ['gzip', 'gzip -c'],
  ['xz', 'xz -c --check=crc32'],
  ['zstd', 'zstd -qc'],
  ['lz4', 'lz4 -lc'],
  ['bzip2', 'bzip2 -c'],
  ['lzma', 'xz -c --format=lzma'],
];

const ADDED = [
  'ata/ata_generic',
  'ata/ata_piix',
  'ata/libata',
  'block/xen-blkfront',
  'scsi/sd_mod',
  'xen/xenbus-fe',
];

describe('an initramfs with drivers for VMware only', () => {
  it.each(PACKED)('packed with %s gets the drivers, once', async (_, command) => {
    const microcode = archive({ 'kernel/x86/microcode/GenuineIntel.bin': 'microcode' });
    const packed = execFileSync('sh', ['-c', command], { input: archive(VMWARE_ONLY) });
    const files = debian(Buffer.concat([microcode, packed]));
    await runTwice('linux/initramfs', { guest: linuxGuest(), files });
    const image = await files.read(INITRD, 1e9);
    const members = await readInitramfs(image ?? Buffer.alloc(0));
    for (const name of ADDED) {
      const path = `usr/lib/modules/${VERSION}/kernel/drivers/${name}.ko`;
      expect(members.get(path)?.bytes.toString()).toBe(`module ${name.replace('scsi/', '')}`);
    }
    expect(members.get('conf/modules')?.bytes.toString()).toBe(
      'vmw_pvscsi\nxen_blkfront\nata_piix\nata_generic\nsd_mod\n',
    );
    expect(await files.text('/etc/initramfs-tools/modules')).toBe(
      '# List of modules\nxen_blkfront\nata_piix\nata_generic\nsd_mod\n',
    );
  });

  it('ends in an archive that cpio lists, with lists that modprobe understands', async () => {
    const packed = execFileSync('gzip', ['-c'], { input: archive(VMWARE_ONLY) });
    const files = debian(packed);
    await runTwice('linux/initramfs', { guest: linuxGuest(), files });
    const image = (await files.read(INITRD, 1e9)) ?? Buffer.alloc(0);
    const appended = image.subarray(Math.ceil(packed.length / 512) * 512);
    const listed = execFileSync('cpio', ['-t', '--quiet'], { input: appended, encoding: 'utf8' }).split('\n');
    for (const name of ADDED)
      expect(listed).toContain(`usr/lib/modules/${VERSION}/kernel/drivers/${name}.ko`);
    expect(image.subarray(0, packed.length).equals(packed)).toBe(true);

    const root = mkdtempSync(join(folder, 'root-'));
    for (const [name, { bytes, mode }] of await readInitramfs(image)) {
      if ((mode & 0o170000) !== 0o100000) continue;
      const target = join(root, name.replace(/^usr\//, ''));
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, bytes);
    }
    const needed = (alias: string) =>
      execFileSync('/sbin/modprobe', ['-d', root, '-S', VERSION, '--show-depends', alias], {
        encoding: 'utf8',
      })
        .trim()
        .split('\n')
        .map((line) => line.replace(/.*\//, '').trim());
    expect(needed('xen:vbd')).toEqual(['xenbus-fe.ko', 'xen-blkfront.ko']);
    expect(needed('pci:v00008086d00007010sv00005853sd00000001bc01sc01i80')).toEqual([
      'scsi_mod.ko',
      'libata.ko',
      'ata_piix.ko',
    ]);
    expect(needed('pci:v000015ADd000007C0sv000015ADsd000007C0bc01sc07i02')).toEqual([
      'scsi_mod.ko',
      'vmw_pvscsi.ko',
    ]);
    expect(needed('scsi:t-0x00')).toEqual(['scsi_mod.ko', 'sd_mod.ko']);
  });

  it('of a machine with UEFI gets nvme and leaves the IDE driver out', async () => {
    const files = debian(archive(VMWARE_ONLY), {
      [`${MODULES}/modules.dep`]: [
        'kernel/drivers/block/xen-blkfront.ko:',
        'kernel/drivers/ata/ata_piix.ko:',
        'kernel/drivers/nvme/host/nvme.ko: kernel/drivers/nvme/host/nvme-core.ko',
        'kernel/drivers/nvme/host/nvme-core.ko:',
        '',
      ].join('\n'),
      [`${MODULES}/kernel/drivers/nvme/host/nvme.ko`]: 'nvme',
      [`${MODULES}/kernel/drivers/nvme/host/nvme-core.ko`]: 'nvme-core',
    });
    await runTwice('linux/initramfs', { guest: linuxGuest({ firmware: 'efi' }), files });
    const names = [...(await readInitramfs((await files.read(INITRD, 1e9)) ?? Buffer.alloc(0))).keys()];
    expect(names).toContain(`usr/lib/modules/${VERSION}/kernel/drivers/nvme/host/nvme-core.ko`);
    expect(names.some((name) => name.includes('ata_piix'))).toBe(false);
  });
});

describe('SLES 11 with UEFI, whose disk is on IDE', () => {
  it('gets the IDE driver', async () => {
    const version = '3.0.101-63-default';
    const files = new MemoryFiles({
      '/boot/grub/menu.lst': `default 0\ntitle SLES\n kernel /boot/vmlinuz-${version}\n initrd /boot/initrd-${version}\n`,
      [`/boot/vmlinuz-${version}`]: 'kernel',
      [`/boot/initrd-${version}`]: archive({ init: '#!/bin/bash\n' }),
      [`/lib/modules/${version}/modules.dep`]: 'kernel/drivers/ata/ata_piix.ko:\n',
      [`/lib/modules/${version}/modules.builtin`]: '',
      [`/lib/modules/${version}/kernel/drivers/ata/ata_piix.ko`]: 'module ata_piix',
    });
    await runTwice('linux/initramfs', { guest: linuxGuest({ firmware: 'efi' }), files });
    const image = (await files.read(`/boot/initrd-${version}`, 1e9)) ?? Buffer.alloc(0);
    expect([...(await readInitramfs(image)).keys()]).toContain(
      `lib/modules/${version}/kernel/drivers/ata/ata_piix.ko`,
    );
  });
});

describe('an initramfs that has the drivers', () => {
  it('is left as it is', async () => {
    const all = Object.fromEntries(
      Object.entries(KERNEL)
        .filter(([path]) => path.endsWith('.ko'))
        .map(([path, text]) => [path.slice(1), text]),
    );
    const files = debian(archive({ init: '#!/bin/sh\n', ...all }));
    await runTwice('linux/initramfs', { guest: linuxGuest(), files });
    expect(files.changes).toEqual([]);
  });
});

describe('a guest that would not start', () => {
  it('is refused when its only initramfs cannot be read', async () => {
    const files = debian(Buffer.from('this is no initramfs at all'));
    await expect(
      fixup('linux/initramfs').run(linuxGuest(), files, { toolsFolder: null }),
    ).rejects.toMatchObject({
      code: 'GUEST_REFUSED',
      place: { file: INITRD },
    });
    expect(files.changes).toEqual([]);
  });

  it('is only warned of when another kernel starts', async () => {
    const files = debian(archive(VMWARE_ONLY), {
      '/boot/grub/grub.cfg': `${GRUB_CFG}menuentry 'Old' {\n linux /boot/vmlinuz-old\n initrd /boot/initrd.img-old\n}\n`,
      '/boot/vmlinuz-old': 'kernel',
      '/boot/initrd.img-old': 'damaged',
      '/lib/modules/old/modules.dep': 'kernel/xen-blkfront.ko:\n',
      '/lib/modules/old/kernel/xen-blkfront.ko': 'module',
    });
    const { warnings } = await runTwice('linux/initramfs', { guest: linuxGuest(), files });
    expect(warnings).toEqual([expect.stringContaining('/boot/initrd.img-old')]);
  });

  it('is refused when the loader offers beside it a memory test and a rescue image only', async () => {
    const others = ['memtest86+.bin', 'vmlinuz-0-rescue-5d1f'].map(
      (name) => `menuentry '${name}' {\n linux16 /boot/${name}\n}\n`,
    );
    const files = debian(Buffer.from('this is no initramfs at all'), {
      '/boot/grub/grub.cfg': GRUB_CFG + others.join(''),
      '/boot/memtest86+.bin': 'memtest',
      '/boot/vmlinuz-0-rescue-5d1f': 'kernel',
    });
    await expect(
      fixup('linux/initramfs').run(linuxGuest(), files, { toolsFolder: null }),
    ).rejects.toMatchObject({ code: 'GUEST_REFUSED', place: { file: INITRD } });
  });

  it('is refused without any kernel', async () => {
    const files = new MemoryFiles({ '/etc/debian_version': '12.5\n' });
    await expect(
      fixup('linux/initramfs').run(linuxGuest(), files, { toolsFolder: null }),
    ).rejects.toMatchObject({
      code: 'GUEST_REFUSED',
    });
  });

  it('is refused when the kernel has no driver for any disk it would see', async () => {
    const files = debian(archive(VMWARE_ONLY), { [`${MODULES}/modules.dep`]: 'kernel/scsi_mod.ko:\n' });
    await expect(
      fixup('linux/initramfs').run(linuxGuest(), files, { toolsFolder: null }),
    ).rejects.toMatchObject({
      code: 'GUEST_REFUSED',
      message: expect.stringContaining('xen-blkfront'),
    });
  });

  it('does not take modules from outside the kernel folder', async () => {
    const files = debian(archive(VMWARE_ONLY), {
      [`${MODULES}/modules.dep`]: '../../../etc/xen-blkfront.ko:\nkernel/drivers/ata/ata_piix.ko:\n',
      '/etc/xen-blkfront.ko': 'secret',
    });
    await fixup('linux/initramfs').run(linuxGuest(), files, { toolsFolder: null });
    const image = (await files.read(INITRD, 1e9)) ?? Buffer.alloc(0);
    expect(image.includes('ata_piix')).toBe(true);
    expect(image.includes('secret')).toBe(false);
  });
});

describe('CentOS 5', () => {
  it('keeps its nash initrd and says that disks become hda', async () => {
    const version = '2.6.18-274.el5';
    const initrd = execFileSync('gzip', ['-c'], {
      input: archive({ init: '#!/bin/nash\ninsmod /lib/ext3.ko\n' }),
    });
    const files = new MemoryFiles({
      '/boot/grub/grub.conf': [
        'default=1',
        'title CentOS (2.6.18-274.el5xen)',
        '\troot (hd0,0)',
        '\tkernel /xen.gz-2.6.18-274.el5',
        '\tmodule /vmlinuz-2.6.18-274.el5xen ro root=LABEL=/',
        'title CentOS (2.6.18-274.el5)',
        '\troot (hd0,0)',
        `\tkernel /vmlinuz-${version} ro root=LABEL=/`,
        `\tinitrd /initrd-${version}.img`,
        '',
      ].join('\n'),
      [`/boot/vmlinuz-${version}`]: 'kernel',
      [`/boot/initrd-${version}.img`]: initrd,
      [`/lib/modules/${version}/modules.dep`]: `/lib/modules/${version}/kernel/drivers/scsi/mptspi.ko:\n`,
    });
    const guest = linuxGuest({ distribution: 'centos', version: '5.7' });
    const { done } = await runTwice('linux/initramfs', { guest, files });
    expect(done).toEqual([expect.stringContaining('hda')]);
    expect(files.changes).toEqual([]);
  });
});

describe('RHEL 9', () => {
  it('finds kernels by loader entries and keeps the drivers for the next kernel', async () => {
    const version = '5.14.0-362.8.1.el9_3.x86_64';
    const lib = `/lib/modules/${version}`;
    const files = new MemoryFiles({
      '/lib': { link: 'usr/lib' },
      [`/boot/loader/entries/0123-${version}.conf`]: `title Red Hat Enterprise Linux\nversion ${version}\nlinux /vmlinuz-${version}\ninitrd /initramfs-${version}.img $tuned_initrd\noptions root=/dev/mapper/rhel-root ro\n`,
      '/boot/loader/entries/0123-0-rescue.conf':
        'title Rescue\nlinux /vmlinuz-0-rescue-0123\ninitrd /initramfs-0-rescue-0123.img\n',
      '/boot/vmlinuz-0-rescue-0123': 'kernel',
      [`/boot/vmlinuz-${version}`]: 'kernel',
      [`/boot/initramfs-${version}.img`]: archive({
        init: '#!/bin/sh\n',
        [`usr${lib}/kernel/vmw.ko.xz`]: 'x',
      }),
      [`/usr${lib}/modules.dep`]:
        'kernel/drivers/block/xen-blkfront.ko.xz:\nkernel/drivers/ata/ata_piix.ko.xz:\n',
      [`/usr${lib}/kernel/drivers/block/xen-blkfront.ko.xz`]: 'xz of xen-blkfront',
      [`/usr${lib}/kernel/drivers/ata/ata_piix.ko.xz`]: 'xz of ata_piix',
      '/etc/dracut.conf': '# nothing\n',
    });
    const guest = linuxGuest({ distribution: 'rhel', version: '9.3' });
    const { warnings } = await runTwice('linux/initramfs', { guest, files });
    expect(warnings).toEqual([]);
    const image = (await files.read(`/boot/initramfs-${version}.img`, 1e9)) ?? Buffer.alloc(0);
    const members = await readInitramfs(image);
    expect(members.get(`usr${lib}/kernel/drivers/block/xen-blkfront.ko.xz`)?.bytes.toString()).toBe(
      'xz of xen-blkfront',
    );
    expect(await files.text('/etc/dracut.conf.d/xenferry.conf')).toBe(
      'add_drivers+=" xen-blkfront ata-piix "\n',
    );
  });
});

describe('cpio archives', () => {
  it('written here are what the cpio program reads', () => {
    const bytes = writeCpio([
      { path: 'usr/lib/b.ko', mode: 0o100644, bytes: Buffer.from('bee') },
      { path: 'usr/a', mode: 0o100600, bytes: Buffer.alloc(1025, 1) },
    ]);
    const path = mkdtempSync(join(folder, 'out-'));
    execFileSync('cpio', ['-i', '-d', '--quiet'], { input: bytes, cwd: path });
    expect(readFileSync(join(path, 'usr/lib/b.ko'), 'utf8')).toBe('bee');
    expect(readFileSync(join(path, 'usr/a')).equals(Buffer.alloc(1025, 1))).toBe(true);
  });

  it('never crash the reader, whatever is damaged', () => {
    const good = writeCpio([{ path: 'a/b', mode: 0o100644, bytes: Buffer.from('content') }]);
    fc.assert(
      fc.property(
        fc.nat(good.length - 1),
        fc.integer({ min: 0, max: 255 }),
        fc.nat(good.length),
        (at, to, cut) => {
          const bad = Buffer.from(good);
          bad[at] = to;
          try {
            const { end } = readCpio(bad.subarray(0, cut), 0);
            expect(end).toBeLessThanOrEqual(cut);
          } catch (error) {
            expect(error).toMatchObject({ code: 'GUEST_UNREADABLE' });
          }
        },
      ),
    );
  });

  it('that unpack to more than memory should hold are refused', async () => {
    const bomb = execFileSync('sh', ['-c', 'head -c 600000000 /dev/zero | gzip -1'], { maxBuffer: 1e9 });
    await expect(readInitramfs(bomb)).rejects.toMatchObject({ code: 'GUEST_UNREADABLE' });
  });
});
