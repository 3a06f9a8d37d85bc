import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GuestFileSystem } from '../../../../src/guests/fixups/fixup.js';
import { mapFstab } from '../../../../src/guests/fixups/linux/devices/fstab.js';
import { testNic } from '../../../support/machines.js';
import { MemoryFiles } from '../../../support/memory-files.js';
import { runTwice } from '../../../support/run-fixups.js';
import { linuxGuest } from './guests.js';

const ROOT = '0a1b2c3d-0000-4000-8000-000000000001';
const SWAP = '0a1b2c3d-0000-4000-8000-000000000002';
const FILE_SYSTEMS: readonly GuestFileSystem[] = [
  { device: '/dev/sda1', type: 'ext4', uuid: ROOT, label: null, mountPoint: '/' },
  { device: '/dev/sda5', type: 'swap', uuid: SWAP, label: null, mountPoint: null },
];

describe('names of disks', () => {
  it('become UUIDs in fstab, and all else of it stays', async () => {
    const files = new MemoryFiles({
      '/etc/fstab':
        '# /dev/sda1 was here\r\n/dev/sda1\t/  ext4 errors=remount-ro 0 1\r\nLABEL=data /data xfs defaults 0 2\r\n/dev/mapper/vg-x /x ext4 defaults 0 2\r\n/dev/sda5 none swap sw 0 0',
    });
    await runTwice('linux/device-names', { guest: linuxGuest({ fileSystems: FILE_SYSTEMS }), files });
    expect(await files.text('/etc/fstab')).toBe(
      `# /dev/sda1 was here\r\nUUID=${ROOT}\t/  ext4 errors=remount-ro 0 1\r\nLABEL=data /data xfs defaults 0 2\r\n/dev/mapper/vg-x /x ext4 defaults 0 2\r\nUUID=${SWAP} none swap sw 0 0`,
    );
  });

  it('by id and by path, as SLES 11 has them, become UUIDs too', async () => {
    const files = new MemoryFiles({
      '/etc/fstab': '/dev/disk/by-id/scsi-36000c29f-part5 swap swap defaults 0 0\n',
      '/boot/grub/menu.lst':
        'default 0\ntitle SLES\n    root (hd0,0)\n    kernel /boot/vmlinuz root=/dev/disk/by-path/pci-0000:00:10.0-scsi-0:0:0:0-part1 resume=/dev/disk/by-id/scsi-36000c29f-part5 splash\n',
    });
    const guest = linuxGuest({ distribution: 'sles', version: '11.4', fileSystems: FILE_SYSTEMS });
    await runTwice('linux/device-names', { guest, files });
    expect(await files.text('/etc/fstab')).toBe(`UUID=${SWAP} swap swap defaults 0 0\n`);
    expect(await files.text('/boot/grub/menu.lst')).toContain(
      `kernel /boot/vmlinuz root=UUID=${ROOT} resume=UUID=${SWAP} splash\n`,
    );
  });

  it('by id on two disks are told by mount point and by being swap; ids of LVM hold anyway', async () => {
    const files = new MemoryFiles({
      '/etc/fstab':
        '/dev/disk/by-id/scsi-36000c29f-part5 none swap sw 0 0\n/dev/disk/by-id/dm-uuid-LVM-abc none swap sw 0 0\n/dev/disk/by-id/scsi-36000c29e-part5 /lost ext4 defaults 0 0\n',
      '/boot/grub/menu.lst': 'kernel /boot/vmlinuz root=/dev/disk/by-id/scsi-36000c29f-part1 ro\n',
    });
    const second = { type: 'ext4', uuid: ROOT.replace(/1$/, '9'), label: null, mountPoint: null };
    const fileSystems = [
      ...FILE_SYSTEMS,
      { ...second, device: '/dev/sdb1' },
      { ...second, device: '/dev/sdb5' },
    ];
    const { warnings } = await runTwice('linux/device-names', { guest: linuxGuest({ fileSystems }), files });
    expect(await files.text('/etc/fstab')).toBe(
      `UUID=${SWAP} none swap sw 0 0\n/dev/disk/by-id/dm-uuid-LVM-abc none swap sw 0 0\n/dev/disk/by-id/scsi-36000c29e-part5 /lost ext4 defaults 0 0\n`,
    );
    expect(await files.text('/boot/grub/menu.lst')).toBe(`kernel /boot/vmlinuz root=UUID=${ROOT} ro\n`);
    expect(warnings).toEqual([expect.stringContaining('scsi-36000c29e-part5 was left')]);
  });

  it('change for grub2, loader entries and the next grub.cfg, and grubenv keeps its 1024 bytes', async () => {
    const files = new MemoryFiles({
      '/etc/default/grub': 'GRUB_CMDLINE_LINUX="resume=/dev/sda5 quiet"\n',
      '/boot/loader/entries/a.conf': 'title A\nlinux /vmlinuz\noptions root=/dev/sda1 ro\n',
      '/boot/grub2/grub.cfg': 'linux16 /vmlinuz root=/dev/sda1 ro\n',
      '/boot/grub2/grubenv': '# GRUB Environment Block\nkernelopts=root=/dev/sda1 ro\n'.padEnd(1024, '#'),
    });
    await runTwice('linux/device-names', { guest: linuxGuest({ fileSystems: FILE_SYSTEMS }), files });
    expect(await files.text('/etc/default/grub')).toBe(`GRUB_CMDLINE_LINUX="resume=UUID=${SWAP} quiet"\n`);
    expect(await files.text('/boot/loader/entries/a.conf')).toContain(`options root=UUID=${ROOT} ro\n`);
    expect(await files.text('/boot/grub2/grub.cfg')).toBe(`linux16 /vmlinuz root=UUID=${ROOT} ro\n`);
    const environment = (await files.text('/boot/grub2/grubenv')) ?? '';
    expect(environment).toHaveLength(1024);
    expect(environment).toContain(`kernelopts=root=UUID=${ROOT} ro\n#`);
  });

  it('of unknown file systems become xvd with a warning', async () => {
    const files = new MemoryFiles({ '/etc/fstab': '/dev/sdb1 /data ext4 defaults 0 2\n' });
    const { warnings } = await runTwice('linux/device-names', { guest: linuxGuest(), files });
    expect(await files.text('/etc/fstab')).toBe('/dev/xvdb1 /data ext4 defaults 0 2\n');
    expect(warnings).toEqual([expect.stringContaining('/dev/xvdb1')]);
  });

  it('of CentOS 5 become hd', async () => {
    const files = new MemoryFiles({
      '/etc/fstab': 'LABEL=/ / ext3 defaults 1 1\n/dev/sda2 swap swap defaults 0 0\n',
      '/boot/grub/grub.conf': 'kernel /vmlinuz-2.6.18 ro root=/dev/sda1\n',
    });
    const guest = linuxGuest({ distribution: 'centos', version: '5.7', fileSystems: FILE_SYSTEMS });
    await runTwice('linux/device-names', { guest, files });
    expect(await files.text('/etc/fstab')).toBe(
      'LABEL=/ / ext3 defaults 1 1\n/dev/hda2 swap swap defaults 0 0\n',
    );
    expect(await files.text('/boot/grub/grub.conf')).toBe('kernel /vmlinuz-2.6.18 ro root=/dev/hda1\n');
  });

  it('are forgotten by LVM and blkid', async () => {
    const files = new MemoryFiles({ '/etc/lvm/devices/system.devices': 'x', '/etc/blkid/blkid.tab': 'x' });
    await runTwice('linux/device-names', { guest: linuxGuest(), files });
    expect(files.changes.sort()).toEqual(['/etc/blkid/blkid.tab', '/etc/lvm/devices/system.devices']);
  });

  it('leave any text that names none as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(mapFstab(text, (device) => device)).toBe(text);
      }),
    );
  });
});

const FIRST = '00:50:56:00:00:01';
const SECOND = '00:50:56:00:00:02';
const LINK_RULES = { '/lib/udev/rules.d/80-net-setup-link.rules': 'rules' };
const LINK = '/etc/systemd/network/70-xenferry-ens192.link';

describe('names of network cards', () => {
  it.each([
    [
      'Debian 12',
      '/etc/network/interfaces',
      'auto lo\niface lo inet loopback\nauto ens192\niface ens192 inet static\n  address 192.0.2.5/24\n',
    ],
    [
      'Ubuntu 22.04',
      '/etc/netplan/50-cloud-init.yaml',
      'network:\n  version: 2\n  ethernets:\n    ens192:\n      addresses: [192.0.2.5/24]\n',
    ],
    [
      'RHEL 9',
      '/etc/NetworkManager/system-connections/ens192.nmconnection',
      '[connection]\nid=ens192\ntype=ethernet\ninterface-name=ens192\n\n[ipv4]\naddress1=192.0.2.5/24,192.0.2.1\n',
    ],
    [
      'CentOS 7',
      '/etc/sysconfig/network-scripts/ifcfg-ens192',
      'DEVICE="ens192"\nBOOTPROTO=none\nIPADDR=192.0.2.5\n',
    ],
    ['SLES 15', '/etc/sysconfig/network/ifcfg-ens192', "BOOTPROTO='static'\nIPADDR='192.0.2.5/24'\n"],
    [
      'networkd',
      '/etc/systemd/network/10-lan.network',
      '[Match]\nName=ens192\n\n[Network]\nAddress=192.0.2.5/24\n',
    ],
  ])('of %s with one card are tied to its MAC', async (_, path, text) => {
    const files = new MemoryFiles({ ...LINK_RULES, [path]: text });
    const { warnings } = await runTwice('linux/network-names', { guest: linuxGuest(), files });
    expect(await files.text(LINK)).toBe(`[Match]\nMACAddress=${FIRST}\n\n[Link]\nName=ens192\n`);
    expect(files.changes).toEqual([LINK]);
    expect(warnings).toEqual([]);
  });

  it('are told apart by MAC and by address', async () => {
    const files = new MemoryFiles({
      ...LINK_RULES,
      '/etc/sysconfig/network-scripts/ifcfg-ens224': `DEVICE=ens224\nHWADDR=${FIRST.toUpperCase()}\n`,
      '/etc/sysconfig/network-scripts/ifcfg-ens192': 'DEVICE=ens192\nIPADDR=192.0.2.7\n',
      '/etc/sysconfig/network-scripts/ifcfg-ens256': 'DEVICE=ens256\nIPADDR=192.0.2.8\n',
    });
    const nics = [
      testNic(),
      testNic({ mac: '00:50:56:00:00:03', addresses: ['192.0.2.8'] }),
      testNic({ mac: SECOND, addresses: ['192.0.2.7'] }),
    ];
    await runTwice('linux/network-names', { guest: linuxGuest({ nics }), files });
    expect(await files.text(LINK)).toContain(`MACAddress=${SECOND}\n`);
    expect(await files.text('/etc/systemd/network/70-xenferry-ens224.link')).toContain(
      `MACAddress=${FIRST}\n`,
    );
  });

  it('that fit several cards are left with a warning', async () => {
    const files = new MemoryFiles({
      ...LINK_RULES,
      '/etc/network/interfaces': 'iface ens192 inet dhcp\niface ens224 inet dhcp\n',
    });
    const nics = [testNic(), testNic({ mac: SECOND })];
    const { warnings } = await runTwice('linux/network-names', { guest: linuxGuest({ nics }), files });
    expect(files.changes).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining('ens192, ens224')]);
  });

  it('of CentOS 6 stay by an udev rule without conditions on the old driver', async () => {
    const rules = '/etc/udev/rules.d/70-persistent-net.rules';
    const files = new MemoryFiles({
      [rules]: `# PCI device 0x15ad:0x07b0 (vmxnet3)\nSUBSYSTEM=="net", ACTION=="add", DRIVERS=="vmxnet3", ATTR{address}=="${FIRST}", ATTR{type}=="1", KERNEL=="eth*", NAME="eth0"\n`,
      '/etc/sysconfig/network-scripts/ifcfg-eth0': 'DEVICE=eth0\nBOOTPROTO=dhcp\n',
      '/etc/modprobe.d/vmware.conf':
        '# cards\nalias eth0 vmxnet3\nalias scsi_hostadapter vmw_pvscsi\noptions x y=1\n',
    });
    await runTwice('linux/network-names', {
      guest: linuxGuest({ distribution: 'centos', version: '6.2' }),
      files,
    });
    expect(await files.text(rules)).toBe(
      `# PCI device 0x15ad:0x07b0 (vmxnet3)\nSUBSYSTEM=="net", ACTION=="add", ATTR{address}=="${FIRST}", NAME="eth0"\n`,
    );
    expect(await files.text('/etc/modprobe.d/vmware.conf')).toBe('# cards\noptions x y=1\n');
  });
});
