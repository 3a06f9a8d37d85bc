import {
  freeNetRule,
  gone,
  IPV4,
  IPV6,
  LINK_RULES,
  type LinuxFamily,
  linkFile,
  masked,
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

const INTERFACES = `auto lo\niface lo inet loopback\n\n# The primary network interface\nauto eth0\niface eth0 inet static\n\taddress ${IPV4}\n\tnetmask 255.255.255.0\n\tgateway 192.0.2.1\niface eth0 inet6 static\n\taddress ${IPV6}\n\tnetmask 64\n`;

const LUCID_KERNEL = '2.6.32-38-server';

/** Grown up from an older release: grub's menu.lst and disks by name; tools of the tarball as a job of Upstart 0.6. */
const UBUNTU_1004: LinuxFamily = {
  name: 'Ubuntu 10.04',
  distribution: 'ubuntu',
  version: '10.04',
  profile: 'ubuntu-1004',
  firmware: 'bios',
  nics: ONE_CARD,
  fileSystems: [
    { ...VOLUME, device: '/dev/sda1', type: 'ext3', uuid: uuid(1), mountPoint: '/' },
    { ...VOLUME, device: '/dev/sda5', type: 'swap', uuid: uuid(2) },
  ],
  tree: {
    '/etc/lsb-release':
      'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=10.04\nDISTRIB_CODENAME=lucid\nDISTRIB_DESCRIPTION="Ubuntu 10.04.4 LTS"\n',
    '/etc/debian_version': 'squeeze/sid\n',
    '/sbin/init': 'upstart',
    '/etc/init/rc.conf': 'start on runlevel [0123456]\nexec /etc/init.d/rc $RUNLEVEL\n',
    '/etc/init/vmware-tools.conf':
      'description "VMware Tools"\nstart on runlevel [2345]\nstop on runlevel [016]\nexec /etc/vmware-tools/services.sh start\n',
    '/etc/init.d/rc': '#! /bin/sh\n',
    '/etc/rc2.d/S99rc.local': { link: '../init.d/rc.local' },
    '/etc/rc3.d/S99rc.local': { link: '../init.d/rc.local' },
    '/boot/grub/menu.lst': [
      'default\t\t0',
      'timeout\t\t3',
      '### BEGIN AUTOMAGIC KERNELS LIST',
      '# kopt=root=/dev/sda1 ro',
      `title\t\tUbuntu 10.04.4 LTS, kernel ${LUCID_KERNEL}`,
      'root\t\t(hd0,0)',
      `kernel\t\t/boot/vmlinuz-${LUCID_KERNEL} root=/dev/sda1 ro quiet splash`,
      `initrd\t\t/boot/initrd.img-${LUCID_KERNEL}`,
      'title\t\tUbuntu 10.04.4 LTS, memtest86+',
      'kernel\t\t/boot/memtest86+.bin',
      '',
    ].join('\n'),
    '/boot/memtest86+.bin': 'memtest',
    ...kernelFiles(LUCID_KERNEL, { modules: { 'drivers/message/fusion/mptspi': [] }, builtin: null }),
    [`/boot/initrd.img-${LUCID_KERNEL}`]: initramfs({ init: '#!/bin/sh\n' }, 'gzip -c'),
    '/etc/fstab':
      'proc            /proc           proc    nodev,noexec,nosuid 0       0\n/dev/sda1       /               ext3    errors=remount-ro 0       1\n/dev/sda5       none            swap    sw              0       0\n/dev/fd0        /media/floppy0  auto    rw,user,noauto,exec,utf8 0       0\n',
    '/etc/initramfs-tools/conf.d/resume': 'RESUME=/dev/sda5\n',
    '/etc/network/interfaces': INTERFACES,
    '/etc/udev/rules.d/70-persistent-net.rules': persistentNetRule('eth0', 'ATTR{dev_id}=="0x0", '),
    ...TARBALL_TOOLS,
  },
  after: {
    '/etc/fstab': `proc            /proc           proc    nodev,noexec,nosuid 0       0\nUUID=${uuid(1)}       /               ext3    errors=remount-ro 0       1\nUUID=${uuid(2)}       none            swap    sw              0       0\n/dev/fd0        /media/floppy0  auto    rw,user,noauto,exec,utf8 0       0\n`,
    '/boot/grub/menu.lst': {
      holds: [
        `# kopt=root=UUID=${uuid(1)} ro\n`,
        `/boot/vmlinuz-${LUCID_KERNEL} root=UUID=${uuid(1)} ro quiet splash\n`,
      ],
    },
    '/etc/initramfs-tools/conf.d/resume': `RESUME=UUID=${uuid(2)}\n`,
    '/etc/udev/rules.d/70-persistent-net.rules': freeNetRule('eth0'),
    '/etc/init/vmware-tools.conf':
      'description "VMware Tools"\n# start on runlevel [2345]\nstop on runlevel [016]\nexec /etc/vmware-tools/services.sh start\n',
    ...TARBALL_TOOLS_GO,
    ...startedByRunLevels('/etc/init.d', (level) => `/etc/rc${level}.d`),
  },
  warnings: [NO_TOOLS],
};

const PRECISE_KERNEL = '3.2.0-126-generic';

/** Xen's drivers built in: the initramfs stays; open-vm-tools by System V's links below Upstart. */
const UBUNTU_1204: LinuxFamily = {
  name: 'Ubuntu 12.04',
  distribution: 'ubuntu',
  version: '12.04',
  profile: 'ubuntu-1204',
  firmware: 'bios',
  nics: ONE_CARD,
  fileSystems: [
    { ...VOLUME, device: '/dev/sda1', type: 'ext4', uuid: uuid(1), mountPoint: '/' },
    { ...VOLUME, device: '/dev/sda5', type: 'swap', uuid: uuid(2) },
  ],
  tree: {
    '/etc/os-release':
      'NAME="Ubuntu"\nVERSION="12.04.5 LTS, Precise Pangolin"\nID=ubuntu\nID_LIKE=debian\nPRETTY_NAME="Ubuntu precise (12.04.5 LTS)"\nVERSION_ID="12.04"\n',
    '/etc/lsb-release':
      'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=12.04\nDISTRIB_CODENAME=precise\nDISTRIB_DESCRIPTION="Ubuntu 12.04.5 LTS"\n',
    '/etc/debian_version': 'wheezy/sid\n',
    '/sbin/init': 'upstart',
    '/etc/init/rc.conf': 'start on runlevel [0123456]\nexec /etc/init.d/rc $RUNLEVEL\n',
    '/etc/init.d/open-vm-tools': '#!/bin/sh\n',
    '/etc/rc2.d/S20open-vm-tools': { link: '../init.d/open-vm-tools' },
    '/etc/rc3.d/S20open-vm-tools': { link: '../init.d/open-vm-tools' },
    '/etc/rc0.d/K20open-vm-tools': { link: '../init.d/open-vm-tools' },
    '/boot/grub/grub.cfg': [
      'if [ -s $prefix/grubenv ]; then',
      '  set have_grubenv=true',
      'fi',
      'set default="0"',
      `menuentry 'Ubuntu, with Linux ${PRECISE_KERNEL}' --class ubuntu --class gnu-linux --class gnu --class os {`,
      '\trecordfail',
      '\tgfxmode $linux_gfx_mode',
      `\tsearch --no-floppy --fs-uuid --set=root ${uuid(1)}`,
      `\tlinux\t/boot/vmlinuz-${PRECISE_KERNEL} root=UUID=${uuid(1)} ro`,
      `\tinitrd\t/boot/initrd.img-${PRECISE_KERNEL}`,
      '}',
      'menuentry "Memory test (memtest86+, serial console 115200)" {',
      '\tlinux16\t/boot/memtest86+.bin console=ttyS0,115200n8',
      '}',
      '',
    ].join('\n'),
    '/boot/memtest86+.bin': 'memtest',
    ...kernelFiles(PRECISE_KERNEL, {
      modules: { 'drivers/scsi/vmw_pvscsi': [] },
      builtin: [
        'drivers/block/xen-blkfront',
        'drivers/ata/ata_piix',
        'drivers/ata/ata_generic',
        'drivers/scsi/sd_mod',
      ],
    }),
    [`/boot/initrd.img-${PRECISE_KERNEL}`]: initramfs(
      {
        init: '#!/bin/sh\n',
        'conf/modules': '\n',
        ...modulesIn(`lib/modules/${PRECISE_KERNEL}`, ['drivers/scsi/vmw_pvscsi']),
      },
      'gzip -c',
    ),
    '/etc/fstab': `proc            /proc           proc    nodev,noexec,nosuid 0       0\nUUID=${uuid(1)} /               ext4    errors=remount-ro 0       1\nUUID=${uuid(2)} none            swap    sw              0       0\n`,
    '/etc/network/interfaces': INTERFACES,
    '/etc/udev/rules.d/70-persistent-net.rules': persistentNetRule('eth0', 'ATTR{dev_id}=="0x0", '),
  },
  after: {
    '/etc/udev/rules.d/70-persistent-net.rules': freeNetRule('eth0'),
    ...gone('/etc/rc2.d/S20open-vm-tools', '/etc/rc3.d/S20open-vm-tools', '/etc/rc0.d/K20open-vm-tools'),
  },
  warnings: [NO_TOOLS],
};

const JAMMY_KERNEL = '5.15.0-91-generic';

/** UEFI, netplan of the installer, MODULES=dep, two archives of microcode before the packed one. */
const UBUNTU_2204: LinuxFamily = {
  name: 'Ubuntu 22.04',
  distribution: 'ubuntu',
  version: '22.04',
  profile: 'ubuntu-2204',
  firmware: 'efi',
  nics: ONE_CARD,
  fileSystems: [
    { ...VOLUME, device: '/dev/sda1', type: 'vfat', uuid: '1A2B-3C4D', mountPoint: '/boot/efi' },
    { ...VOLUME, device: '/dev/sda2', type: 'ext4', uuid: uuid(1), mountPoint: '/boot' },
    { ...VOLUME, device: '/dev/mapper/ubuntu--vg-ubuntu--lv', type: 'ext4', uuid: uuid(2), mountPoint: '/' },
  ],
  tree: {
    '/lib': { link: 'usr/lib' },
    '/sbin': { link: 'usr/sbin' },
    '/usr/sbin/init': { link: '/lib/systemd/systemd' },
    '/usr/lib/systemd/systemd': 'systemd',
    [LINK_RULES]: 'rules',
    '/etc/os-release': { link: '../usr/lib/os-release' },
    '/usr/lib/os-release':
      'PRETTY_NAME="Ubuntu 22.04.3 LTS"\nNAME="Ubuntu"\nVERSION_ID="22.04"\nVERSION="22.04.3 LTS (Jammy Jellyfish)"\nID=ubuntu\nID_LIKE=debian\n',
    '/etc/lsb-release':
      'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=22.04\nDISTRIB_DESCRIPTION="Ubuntu 22.04.3 LTS"\n',
    '/boot/efi/EFI/BOOT/BOOTX64.EFI': 'shim',
    '/boot/efi/EFI/BOOT/fbx64.efi': 'fallback',
    '/boot/efi/EFI/ubuntu/shimx64.efi': 'shim',
    '/boot/efi/EFI/ubuntu/grubx64.efi': 'grub',
    '/boot/efi/EFI/ubuntu/grub.cfg': `search.fs_uuid ${uuid(1)} root hd0,gpt2\nset prefix=($root)'/grub'\nconfigfile $prefix/grub.cfg\n`,
    '/boot/grub/grub.cfg': [
      'set default="0"',
      `menuentry 'Ubuntu' --class ubuntu --class gnu-linux $menuentry_id_option 'gnulinux-simple-${uuid(2)}' {`,
      '\tif [ x$grub_platform = xxen ]; then insmod xzio; insmod lzopio; fi',
      `\tsearch --no-floppy --fs-uuid --set=root ${uuid(1)}`,
      `\tlinux\t/vmlinuz-${JAMMY_KERNEL} root=/dev/mapper/ubuntu--vg-ubuntu--lv ro`,
      `\tinitrd\t/initrd.img-${JAMMY_KERNEL}`,
      '}',
      '',
    ].join('\n'),
    '/boot/vmlinuz': { link: `vmlinuz-${JAMMY_KERNEL}` },
    '/boot/initrd.img': { link: `initrd.img-${JAMMY_KERNEL}` },
    ...kernelFiles(JAMMY_KERNEL, {
      folder: '/usr/lib/modules',
      modules: {
        'drivers/scsi/vmw_pvscsi': [],
        'drivers/nvme/host/nvme': ['drivers/nvme/host/nvme-core'],
        'drivers/nvme/host/nvme-core': [],
      },
      builtin: [
        'drivers/block/xen-blkfront',
        'drivers/ata/ata_piix',
        'drivers/ata/ata_generic',
        'drivers/scsi/sd_mod',
      ],
    }),
    [`/boot/initrd.img-${JAMMY_KERNEL}`]: Buffer.concat([
      initramfs({ 'kernel/x86/microcode/AuthenticAMD.bin': 'microcode' }),
      initramfs({ 'kernel/x86/microcode/GenuineIntel.bin': 'microcode' }),
      initramfs(
        {
          init: '#!/bin/sh\n',
          lib: { link: 'usr/lib' },
          'conf/initramfs.conf': 'MODULES=dep\n',
          'conf/modules': 'vmw_pvscsi\n',
          ...modulesIn(`usr/lib/modules/${JAMMY_KERNEL}`, ['drivers/scsi/vmw_pvscsi']),
        },
        'zstd -qc',
      ),
    ]),
    '/etc/initramfs-tools/modules': '# List of modules\n',
    // The installer names volumes of LVM by the id that LVM gave them, which holds.
    '/etc/fstab': `/dev/disk/by-id/dm-uuid-LVM-abcdef / ext4 defaults 0 1\n/dev/disk/by-uuid/${uuid(1)} /boot ext4 defaults 0 1\n/dev/disk/by-uuid/1A2B-3C4D /boot/efi vfat defaults 0 1\n/dev/disk/by-id/dm-uuid-LVM-fedcba none swap sw 0 0\n`,
    '/etc/netplan/00-installer-config.yaml': `# This is the network config written by 'subiquity'\nnetwork:\n  ethernets:\n    ens160:\n      addresses:\n      - ${IPV4}/24\n      - ${IPV6}/64\n      nameservers:\n        addresses: [192.0.2.53]\n      routes:\n      - to: default\n        via: 192.0.2.1\n  version: 2\n`,
    '/etc/cloud/cloud.cfg': 'users:\n   - default\n',
    '/etc/cloud/cloud.cfg.d/subiquity-disable-cloudinit-networking.cfg': 'network: {config: disabled}\n',
    '/usr/lib/systemd/system/open-vm-tools.service': '[Unit]\nConditionVirtualization=vmware\n',
    '/usr/lib/systemd/system/vgauth.service': '[Unit]\nConditionVirtualization=vmware\n',
    '/etc/systemd/system/multi-user.target.wants/open-vm-tools.service': {
      link: '/lib/systemd/system/open-vm-tools.service',
    },
  },
  after: {
    [`/boot/initrd.img-${JAMMY_KERNEL}`]: {
      modules: ['drivers/nvme/host/nvme', 'drivers/nvme/host/nvme-core'].map(
        (path) => `usr/lib/modules/${JAMMY_KERNEL}/kernel/${path}.ko`,
      ),
    },
    '/etc/initramfs-tools/modules': '# List of modules\nnvme_core\nnvme\n',
    ...masked('open-vm-tools.service', 'vgauth.service'),
    ...linkFile('ens160'),
  },
  warnings: ['ubuntu-server depends on it', NO_TOOLS],
};

export const UBUNTU: readonly LinuxFamily[] = [UBUNTU_1004, UBUNTU_1204, UBUNTU_2204];
