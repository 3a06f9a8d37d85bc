import {
  freeNetRule,
  gone,
  IPV4,
  IPV6,
  type LinuxFamily,
  NO_TOOLS,
  ONE_CARD,
  persistentNetRule,
  startedByRunLevels,
  TARBALL_TOOLS,
  TARBALL_TOOLS_GO,
  uuid,
  VOLUME,
} from './family.js';
import { initramfs, kernelFiles, modulesIn } from './kernel-files.js';

const KERNEL = '3.0.101-63-default';
const ID = '/dev/disk/by-id/scsi-36000c29f0b1d7a3c5e8f';
const DATA_PATH = '/dev/disk/by-path/pci-0000:03:00.0-scsi-0:0:1:0-part1';
const ON_VMWARE = ['drivers/scsi/scsi_mod', 'drivers/scsi/sd_mod', 'drivers/scsi/vmw_pvscsi'];
const TARGETS = 'splash_early dbus syslog network vmware-tools cron sshd';

/** mkinitrd, disks by id and by path on two disks, insserv, tools of the tarball. No driver of Xen in the kernel. */
export const SLES_11: LinuxFamily = {
  name: 'SUSE Linux Enterprise Server 11 SP4',
  distribution: 'sles',
  version: '11.4',
  profile: 'sles-11',
  firmware: 'bios',
  nics: ONE_CARD,
  fileSystems: [
    { ...VOLUME, device: '/dev/sda1', type: 'swap', uuid: uuid(1) },
    { ...VOLUME, device: '/dev/sda2', type: 'ext3', uuid: uuid(2), mountPoint: '/' },
    { ...VOLUME, device: '/dev/sdb1', type: 'ext3', uuid: uuid(3), mountPoint: '/srv' },
  ],
  tree: {
    '/etc/SuSE-release': 'SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n',
    '/sbin/init': 'sysvinit',
    '/etc/inittab': 'id:3:initdefault:\nsi::bootwait:/etc/init.d/boot\n',
    '/etc/rc.d': { link: 'init.d' },
    '/etc/init.d/network': '#! /bin/sh\n',
    '/etc/init.d/vmware-tools': '#!/bin/sh\n',
    '/etc/init.d/.depend.boot': 'TARGETS = boot.proc boot.udev\n',
    '/etc/init.d/.depend.start': `TARGETS = ${TARGETS}\nINTERACTIVE = splash_early\nnetwork: dbus\nsshd: network syslog\n`,
    '/etc/init.d/.depend.stop': 'TARGETS = sshd cron\n',
    '/etc/init.d/rc3.d/S05network': { link: '../network' },
    '/etc/init.d/rc3.d/S03vmware-tools': { link: '../vmware-tools' },
    '/etc/init.d/rc3.d/K02vmware-tools': { link: '../vmware-tools' },
    '/etc/init.d/rc5.d/S03vmware-tools': { link: '../vmware-tools' },
    '/boot/vmlinuz': { link: `vmlinuz-${KERNEL}` },
    '/boot/initrd': { link: `initrd-${KERNEL}` },
    '/boot/grub/device.map': `(hd0)\t${ID}\n`,
    '/boot/grub/menu.lst': [
      '# Modified by YaST2. Last modification on Mo 1. Feb 10:00:00 CET 2016',
      'default 0',
      'timeout 8',
      'gfxmenu (hd0,1)/boot/message',
      "###Don't change this comment - YaST2 identifier: Original name: linux###",
      'title SUSE Linux Enterprise Server 11 SP4 - 3.0.101-63',
      '    root (hd0,1)',
      `    kernel /boot/vmlinuz-${KERNEL} root=${ID}-part2 resume=${ID}-part1 splash=silent crashkernel= showopts`,
      `    initrd /boot/initrd-${KERNEL}`,
      "###Don't change this comment - YaST2 identifier: Original name: failsafe###",
      'title Failsafe -- SUSE Linux Enterprise Server 11 SP4 - 3.0.101-63',
      '    root (hd0,1)',
      `    kernel /boot/vmlinuz-${KERNEL} root=${ID}-part2 showopts ide=nodma apm=off noresume edd=off powersaved=off nohz=off highres=off`,
      `    initrd /boot/initrd-${KERNEL}`,
      '',
    ].join('\n'),
    '/etc/sysconfig/bootloader': `LOADER_TYPE="grub"\nDEFAULT_APPEND="resume=${ID}-part1 splash=silent crashkernel= showopts"\n`,
    ...kernelFiles(KERNEL, {
      modules: {
        'drivers/scsi/scsi_mod': [],
        'drivers/scsi/sd_mod': ['drivers/scsi/scsi_mod'],
        'drivers/scsi/vmw_pvscsi': ['drivers/scsi/scsi_mod'],
        'drivers/ata/libata': ['drivers/scsi/scsi_mod'],
        'drivers/ata/ata_piix': ['drivers/ata/libata', 'drivers/scsi/scsi_mod'],
        'drivers/ata/ata_generic': ['drivers/ata/libata', 'drivers/scsi/scsi_mod'],
      },
      builtin: [],
    }),
    [`/boot/initrd-${KERNEL}`]: initramfs(
      {
        init: '#!/bin/bash\n',
        'boot/04-udev.sh': '#!/bin/bash\n/sbin/udevd --daemon\n/sbin/udevadm trigger\n',
        'config/start.sh': `root=${ID}-part2\n`,
        ...modulesIn(`lib/modules/${KERNEL}`, ON_VMWARE),
      },
      'gzip -c',
    ),
    '/etc/sysconfig/kernel':
      '## Type: string\nINITRD_MODULES="vmw_pvscsi"\nDOMU_INITRD_MODULES="xennet xenblk"\n',
    '/etc/fstab': `${ID}-part1 swap                 swap       defaults              0 0\n${ID}-part2 /                    ext3       acl,user_xattr        1 1\n${DATA_PATH} /srv                 ext3       acl,user_xattr        1 2\nproc                 /proc                proc       defaults              0 0\n`,
    '/etc/sysconfig/network/ifcfg-eth0': `BOOTPROTO='static'\nIPADDR='${IPV4}/24'\nIPADDR_0='${IPV6}/64'\nNAME='VMXNET3 Ethernet Controller'\nSTARTMODE='auto'\nUSERCONTROL='no'\n`,
    '/etc/sysconfig/network/routes': 'default 192.0.2.1 - -\n',
    '/etc/udev/rules.d/70-persistent-net.rules': persistentNetRule('eth0', 'ATTR{dev_id}=="0x0", '),
    ...TARBALL_TOOLS,
  },
  after: {
    [`/boot/initrd-${KERNEL}`]: {
      modules: ['drivers/ata/ata_generic', 'drivers/ata/ata_piix', 'drivers/ata/libata'].map(
        (path) => `lib/modules/${KERNEL}/kernel/${path}.ko`,
      ),
    },
    '/etc/sysconfig/kernel':
      '## Type: string\nINITRD_MODULES="vmw_pvscsi ata-piix ata-generic sd-mod"\nDOMU_INITRD_MODULES="xennet xenblk"\n',
    '/boot/grub/menu.lst': {
      holds: [
        `    kernel /boot/vmlinuz-${KERNEL} root=UUID=${uuid(2)} resume=UUID=${uuid(1)} splash=silent crashkernel= showopts\n`,
        `    kernel /boot/vmlinuz-${KERNEL} root=UUID=${uuid(2)} showopts ide=nodma`,
      ],
    },
    '/etc/sysconfig/bootloader': `LOADER_TYPE="grub"\nDEFAULT_APPEND="resume=UUID=${uuid(1)} splash=silent crashkernel= showopts"\n`,
    '/etc/fstab': `UUID=${uuid(1)} swap                 swap       defaults              0 0\nUUID=${uuid(2)} /                    ext3       acl,user_xattr        1 1\nUUID=${uuid(3)} /srv                 ext3       acl,user_xattr        1 2\nproc                 /proc                proc       defaults              0 0\n`,
    '/etc/udev/rules.d/70-persistent-net.rules': freeNetRule('eth0'),
    ...gone(
      '/etc/init.d/rc3.d/S03vmware-tools',
      '/etc/init.d/rc3.d/K02vmware-tools',
      '/etc/init.d/rc5.d/S03vmware-tools',
    ),
    ...TARBALL_TOOLS_GO,
    ...startedByRunLevels('/etc/init.d', (level) => `/etc/init.d/rc${level}.d`),
    '/etc/init.d/.depend.start': `TARGETS = ${TARGETS} xenferry-first-boot\nINTERACTIVE = splash_early\nnetwork: dbus\nsshd: network syslog\nxenferry-first-boot: ${TARGETS}\n`,
  },
  warnings: [NO_TOOLS],
};
