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

const ATA = {
  'drivers/scsi/scsi_mod': [],
  'drivers/scsi/sd_mod': ['drivers/scsi/scsi_mod'],
  'drivers/scsi/vmw_pvscsi': ['drivers/scsi/scsi_mod'],
  'drivers/ata/libata': ['drivers/scsi/scsi_mod'],
  'drivers/ata/ata_piix': ['drivers/ata/libata', 'drivers/scsi/scsi_mod'],
  'drivers/ata/ata_generic': ['drivers/ata/libata', 'drivers/scsi/scsi_mod'],
  'drivers/block/xen-blkfront': [],
};
const ON_VMWARE = ['drivers/scsi/scsi_mod', 'drivers/scsi/sd_mod', 'drivers/scsi/vmw_pvscsi'];
const ADDED = [
  'drivers/ata/ata_generic',
  'drivers/ata/ata_piix',
  'drivers/ata/libata',
  'drivers/block/xen-blkfront',
];

const DEBIAN_7_KERNEL = '3.2.0-4-amd64';

/** The lists of insserv: Debian's rc starts what is in them and has a link, nothing else. */
const DEPEND_START = [
  'TARGETS = rsyslog cron vmware-tools ssh rc.local rmnologin',
  'INTERACTIVE =',
  'cron: rsyslog',
  'ssh: rsyslog',
  'rc.local: rsyslog cron ssh',
  'rmnologin: rsyslog cron ssh',
  '',
].join('\n');

const INTERFACES = (name: string) =>
  `source /etc/network/interfaces.d/*\n\nauto lo\niface lo inet loopback\n\nallow-hotplug ${name}\niface ${name} inet static\n\taddress ${IPV4}\n\tnetmask 255.255.255.0\n\tgateway 192.0.2.1\niface ${name} inet6 static\n\taddress ${IPV6}\n\tnetmask 64\n`;

/** System V with insserv, systemd installed but not started, MODULES=dep, tools of the tarball, one disk by name. */
const DEBIAN_7: LinuxFamily = {
  name: 'Debian 7.11',
  distribution: 'debian',
  version: '7.11',
  profile: 'debian-7',
  firmware: 'bios',
  nics: ONE_CARD,
  fileSystems: [
    { ...VOLUME, device: '/dev/sda1', type: 'ext4', uuid: uuid(1), mountPoint: '/' },
    { ...VOLUME, device: '/dev/sda5', type: 'swap', uuid: uuid(2) },
  ],
  tree: {
    '/etc/os-release':
      'PRETTY_NAME="Debian GNU/Linux 7 (wheezy)"\nNAME="Debian GNU/Linux"\nVERSION_ID="7"\nVERSION="7 (wheezy)"\nID=debian\n',
    '/etc/debian_version': '7.11\n',
    '/sbin/init': 'sysvinit',
    '/lib/systemd/systemd': 'systemd',
    '/etc/inittab': 'id:2:initdefault:\nsi::sysinit:/etc/init.d/rcS\n',
    '/etc/init.d/ssh': '#! /bin/sh\n',
    '/etc/init.d/vmware-tools': '#!/bin/sh\n',
    '/etc/init.d/.depend.boot': 'TARGETS = hostname.sh mountkernfs.sh\n',
    '/etc/init.d/.depend.start': DEPEND_START,
    '/etc/init.d/.depend.stop': 'TARGETS = vmware-tools umountroot\n',
    '/etc/rc2.d/S02ssh': { link: '../init.d/ssh' },
    '/etc/rc2.d/S01vmware-tools': { link: '../init.d/vmware-tools' },
    '/etc/rc3.d/S02ssh': { link: '../init.d/ssh' },
    '/etc/rc3.d/S01vmware-tools': { link: '../init.d/vmware-tools' },
    '/etc/rc6.d/K01vmware-tools': { link: '../init.d/vmware-tools' },
    '/boot/grub/grub.cfg': [
      'if [ -s $prefix/grubenv ]; then',
      '  load_env',
      'fi',
      'set default="0"',
      `menuentry 'Debian GNU/Linux, with Linux ${DEBIAN_7_KERNEL}' --class debian --class gnu-linux --class gnu --class os {`,
      '\tinsmod ext2',
      "\tset root='(hd0,msdos1)'",
      `\tsearch --no-floppy --fs-uuid --set=root ${uuid(1)}`,
      `\tlinux\t/boot/vmlinuz-${DEBIAN_7_KERNEL} root=UUID=${uuid(1)} ro  quiet`,
      `\tinitrd\t/boot/initrd.img-${DEBIAN_7_KERNEL}`,
      '}',
      'menuentry "Memory test (memtest86+)" {',
      '\tlinux16\t/boot/memtest86+.bin',
      '}',
      '',
    ].join('\n'),
    '/boot/memtest86+.bin': 'memtest',
    ...kernelFiles(DEBIAN_7_KERNEL, { modules: ATA, builtin: ['drivers/xen/xen-platform-pci'] }),
    [`/boot/initrd.img-${DEBIAN_7_KERNEL}`]: initramfs(
      {
        init: '#!/bin/sh\n',
        'conf/initramfs.conf': 'MODULES=dep\nBUSYBOX=y\n',
        'conf/modules': 'vmw_pvscsi\nsd_mod\n',
        ...modulesIn(`lib/modules/${DEBIAN_7_KERNEL}`, ON_VMWARE),
      },
      'gzip -c',
    ),
    '/etc/initramfs-tools/modules': '# List of modules that you want to include in your initramfs.\n',
    '/etc/initramfs-tools/conf.d/resume': 'RESUME=/dev/sda5\n',
    '/etc/fstab': `# / was on /dev/sda1 during installation\nUUID=${uuid(1)} /               ext4    errors=remount-ro 0       1\n/dev/sda5 none            swap    sw              0       0\n/dev/sr0        /media/cdrom0   udf,iso9660 user,noauto     0       0\n`,
    '/etc/network/interfaces': INTERFACES('eth0'),
    '/etc/udev/rules.d/70-persistent-net.rules': persistentNetRule('eth0', 'ATTR{dev_id}=="0x0", '),
    ...TARBALL_TOOLS,
  },
  after: {
    [`/boot/initrd.img-${DEBIAN_7_KERNEL}`]: {
      modules: ADDED.map((path) => `lib/modules/${DEBIAN_7_KERNEL}/kernel/${path}.ko`),
    },
    '/etc/initramfs-tools/modules':
      '# List of modules that you want to include in your initramfs.\nxen_blkfront\nata_piix\nata_generic\nsd_mod\n',
    '/etc/initramfs-tools/conf.d/resume': `RESUME=UUID=${uuid(2)}\n`,
    '/etc/fstab': `# / was on /dev/sda1 during installation\nUUID=${uuid(1)} /               ext4    errors=remount-ro 0       1\nUUID=${uuid(2)} none            swap    sw              0       0\n/dev/sr0        /media/cdrom0   udf,iso9660 user,noauto     0       0\n`,
    '/etc/udev/rules.d/70-persistent-net.rules': freeNetRule('eth0'),
    ...gone('/etc/rc2.d/S01vmware-tools', '/etc/rc3.d/S01vmware-tools', '/etc/rc6.d/K01vmware-tools'),
    ...TARBALL_TOOLS_GO,
    ...startedByRunLevels('/etc/init.d', (level) => `/etc/rc${level}.d`),
    '/etc/init.d/.depend.start': [
      'TARGETS = rsyslog cron vmware-tools ssh rc.local rmnologin xenferry-first-boot',
      'INTERACTIVE =',
      'cron: rsyslog',
      'ssh: rsyslog',
      'rc.local: rsyslog cron ssh',
      'rmnologin: rsyslog cron ssh',
      'xenferry-first-boot: rsyslog cron vmware-tools ssh rc.local rmnologin',
      '',
    ].join('\n'),
  },
  warnings: [NO_TOOLS],
};

const DEBIAN_12_KERNEL = '6.1.0-18-amd64';

/** UEFI without the fallback loader, merged /usr, initramfs-tools MODULES=dep with zstd. */
const DEBIAN_12: LinuxFamily = {
  name: 'Debian 12.5',
  distribution: 'debian',
  version: '12.5',
  profile: 'debian-12',
  firmware: 'efi',
  nics: ONE_CARD,
  fileSystems: [
    { ...VOLUME, device: '/dev/sda1', type: 'vfat', uuid: '1A2B-3C4D', mountPoint: '/boot/efi' },
    { ...VOLUME, device: '/dev/sda2', type: 'ext4', uuid: uuid(1), mountPoint: '/' },
    { ...VOLUME, device: '/dev/sda3', type: 'swap', uuid: uuid(2) },
  ],
  tree: {
    '/lib': { link: 'usr/lib' },
    '/sbin': { link: 'usr/sbin' },
    '/usr/sbin/init': { link: '/lib/systemd/systemd' },
    '/usr/lib/systemd/systemd': 'systemd',
    [LINK_RULES]: 'rules',
    '/etc/os-release': { link: '../usr/lib/os-release' },
    '/usr/lib/os-release':
      'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nVERSION="12 (bookworm)"\nID=debian\n',
    '/etc/debian_version': '12.5\n',
    '/boot/efi/EFI/debian/shimx64.efi': 'shim',
    '/boot/efi/EFI/debian/grubx64.efi': 'grub',
    '/boot/efi/EFI/debian/mmx64.efi': 'keys',
    '/boot/efi/EFI/debian/fbx64.efi': 'fallback',
    '/boot/efi/EFI/debian/BOOTX64.CSV': 'shimx64.efi,debian',
    '/boot/efi/EFI/debian/grub.cfg': `search.fs_uuid ${uuid(1)} root hd0,gpt2\nset prefix=($root)'/boot/grub'\nconfigfile $prefix/grub.cfg\n`,
    '/boot/grub/grub.cfg': [
      `if [ "\${next_entry}" ] ; then`,
      `   set default="\${next_entry}"`,
      'else',
      '   set default="0"',
      'fi',
      `menuentry 'Debian GNU/Linux' --class debian --class gnu-linux $menuentry_id_option 'gnulinux-simple-${uuid(1)}' {`,
      `\tsearch --no-floppy --fs-uuid --set=root ${uuid(1)}`,
      `\tlinux\t/boot/vmlinuz-${DEBIAN_12_KERNEL} root=UUID=${uuid(1)} ro  quiet`,
      `\tinitrd\t/boot/initrd.img-${DEBIAN_12_KERNEL}`,
      '}',
      `submenu 'Advanced options for Debian GNU/Linux' $menuentry_id_option 'gnulinux-advanced-${uuid(1)}' {`,
      `\tmenuentry 'Debian GNU/Linux, with Linux ${DEBIAN_12_KERNEL} (recovery mode)' --class debian {`,
      `\t\tlinux\t/boot/vmlinuz-${DEBIAN_12_KERNEL} root=UUID=${uuid(1)} ro single`,
      `\t\tinitrd\t/boot/initrd.img-${DEBIAN_12_KERNEL}`,
      '\t}',
      '}',
      "menuentry 'UEFI Firmware Settings' $menuentry_id_option 'uefi-firmware' {",
      '\tfwsetup',
      '}',
      '',
    ].join('\n'),
    ...kernelFiles(DEBIAN_12_KERNEL, {
      folder: '/usr/lib/modules',
      modules: {
        ...ATA,
        'drivers/nvme/host/nvme': ['drivers/nvme/host/nvme-core'],
        'drivers/nvme/host/nvme-core': [],
      },
      builtin: ['drivers/xen/platform-pci'],
    }),
    [`/boot/initrd.img-${DEBIAN_12_KERNEL}`]: initramfs(
      {
        init: '#!/bin/sh\n',
        lib: { link: 'usr/lib' },
        'conf/initramfs.conf': 'MODULES=dep\n',
        'conf/modules': '\n',
        ...modulesIn(`usr/lib/modules/${DEBIAN_12_KERNEL}`, ON_VMWARE),
      },
      'zstd -qc',
    ),
    '/etc/initramfs-tools/modules': '# List of modules\n',
    '/etc/initramfs-tools/conf.d/resume': `RESUME=UUID=${uuid(2)}\n`,
    '/etc/fstab': `UUID=${uuid(1)} /               ext4    errors=remount-ro 0       1\nUUID=1A2B-3C4D  /boot/efi       vfat    umask=0077      0       1\nUUID=${uuid(2)} none            swap    sw              0       0\n`,
    '/etc/network/interfaces': INTERFACES('ens192'),
    '/usr/lib/systemd/system/open-vm-tools.service': '[Unit]\nConditionVirtualization=vmware\n',
    '/usr/lib/systemd/system/vgauth.service': '[Unit]\nConditionVirtualization=vmware\n',
    '/usr/lib/systemd/system/run-vmblock\\x2dfuse.mount': '[Unit]\nConditionVirtualization=vmware\n',
    '/etc/systemd/system/vmtoolsd.service': { link: '/lib/systemd/system/open-vm-tools.service' },
  },
  after: {
    [`/boot/initrd.img-${DEBIAN_12_KERNEL}`]: {
      modules: ['drivers/block/xen-blkfront', 'drivers/nvme/host/nvme', 'drivers/nvme/host/nvme-core'].map(
        (path) => `usr/lib/modules/${DEBIAN_12_KERNEL}/kernel/${path}.ko`,
      ),
    },
    '/etc/initramfs-tools/modules': '# List of modules\nxen_blkfront\nnvme_core\nnvme\n',
    '/boot/efi/EFI/BOOT/BOOTX64.EFI': 'shim',
    '/boot/efi/EFI/BOOT/grubx64.efi': 'grub',
    '/boot/efi/EFI/BOOT/mmx64.efi': 'keys',
    '/boot/efi/EFI/BOOT/grub.cfg': { holds: [`search.fs_uuid ${uuid(1)} root`] },
    ...masked('open-vm-tools.service', 'vgauth.service', 'vmtoolsd.service', 'run-vmblock\\x2dfuse.mount'),
    ...linkFile('ens192'),
  },
  warnings: [NO_TOOLS],
};

export const DEBIAN: readonly LinuxFamily[] = [DEBIAN_7, DEBIAN_12];
