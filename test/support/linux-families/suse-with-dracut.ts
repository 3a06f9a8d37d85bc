import {
  freeNetRule,
  IPV4,
  IPV6,
  LINK_RULES,
  type LinuxFamily,
  linkFile,
  masked,
  NO_TOOLS,
  ONE_CARD,
  persistentNetRule,
  uuid,
  VOLUME,
} from './family.js';
import { initramfs, kernelFiles, modulesIn } from './kernel-files.js';

const SUBVOLUMES = ['home', 'opt', 'srv', 'tmp', 'usr/local', 'var/log', '.snapshots'];

function btrfsFstab(first: string, number: number): string {
  const root = `UUID=${uuid(number)} /                       btrfs  defaults                      0  0\n`;
  const rest = SUBVOLUMES.map(
    (path) => `UUID=${uuid(number)} /${path.padEnd(23)} btrfs  subvol=/@/${path.padEnd(17)} 0  0\n`,
  );
  return first + root + rest.join('');
}

/** wicked goes by the file's name. */
const IFCFG = `IPADDR='${IPV4}/24'\nIPADDR_1='${IPV6}/64'\nBOOTPROTO='static'\nSTARTMODE='auto'\n`;

const UNITS: LinuxFamily['tree'] = {
  '/usr/lib/systemd/systemd': 'systemd',
  '/sbin/init': { link: '../usr/lib/systemd/systemd' },
  [LINK_RULES]: 'rules',
  '/usr/lib/systemd/system/vmtoolsd.service': '[Unit]\nConditionVirtualization=vmware\n',
  '/usr/lib/systemd/system/vgauthd.service': '[Unit]\nConditionVirtualization=vmware\n',
  '/etc/dracut.conf': '# PUT YOUR CONFIG IN separate files\n',
};

const SLES_12_KERNEL = '4.12.14-120-default';

/** Swap by path, the root in a snapshot's subvolume, eth0 by udev's rule. */
const SLES_12: LinuxFamily = {
  name: 'SUSE Linux Enterprise Server 12 SP5',
  distribution: 'sles',
  version: '12.5',
  profile: 'sles-12',
  firmware: 'bios',
  nics: ONE_CARD,
  fileSystems: [
    { ...VOLUME, device: '/dev/sda1', type: 'swap', uuid: uuid(1) },
    { ...VOLUME, device: '/dev/sda2', type: 'btrfs', uuid: uuid(2), mountPoint: '/' },
  ],
  tree: {
    ...UNITS,
    '/etc/os-release':
      'NAME="SLES"\nVERSION="12-SP5"\nVERSION_ID="12.5"\nPRETTY_NAME="SUSE Linux Enterprise Server 12 SP5"\nID="sles"\nANSI_COLOR="0;32"\n',
    '/etc/SuSE-release':
      'SUSE Linux Enterprise Server 12 (x86_64)\nVERSION = 12\nPATCHLEVEL = 5\n# This file is deprecated\n',
    '/boot/vmlinuz': { link: `vmlinuz-${SLES_12_KERNEL}` },
    '/boot/initrd': { link: `initrd-${SLES_12_KERNEL}` },
    '/boot/grub2/grubenv': '# GRUB Environment Block\nsaved_entry=SLES 12-SP5\n'.padEnd(1024, '#'),
    '/boot/grub2/grub.cfg': [
      'set btrfs_relative_path="yes"',
      'export btrfs_relative_path',
      `if [ "\${next_entry}" ] ; then`,
      `   set default="\${next_entry}"`,
      'else',
      `   set default="\${saved_entry}"`,
      'fi',
      `menuentry 'SLES 12-SP5'  --class sles --class gnu-linux --class gnu --class os $menuentry_id_option 'gnulinux-simple-${uuid(2)}' {`,
      '\tload_video',
      "\tset root='hd0,msdos2'",
      `\tlinux\t/boot/vmlinuz-${SLES_12_KERNEL} root=UUID=${uuid(2)}  \${extra_cmdline} resume=/dev/disk/by-path/pci-0000:03:00.0-scsi-0:0:0:0-part1 splash=silent quiet showopts`,
      `\tinitrd\t/boot/initrd-${SLES_12_KERNEL}`,
      '}',
      'if [ -f "/.snapshots/grub-snapshot.cfg" ]; then',
      '  source "/.snapshots/grub-snapshot.cfg"',
      'fi',
      '',
    ].join('\n'),
    '/etc/default/grub':
      'GRUB_DISTRIBUTOR=""\nGRUB_CMDLINE_LINUX_DEFAULT=" resume=/dev/disk/by-path/pci-0000:03:00.0-scsi-0:0:0:0-part1 splash=silent quiet showopts"\nSUSE_BTRFS_SNAPSHOT_BOOTING="true"\n',
    ...kernelFiles(SLES_12_KERNEL, {
      modules: {
        'drivers/scsi/scsi_mod': [],
        'drivers/scsi/sd_mod': ['drivers/scsi/scsi_mod'],
        'drivers/scsi/vmw_pvscsi': ['drivers/scsi/scsi_mod'],
        'drivers/ata/libata': ['drivers/scsi/scsi_mod'],
        'drivers/ata/ata_piix': ['drivers/ata/libata', 'drivers/scsi/scsi_mod'],
        'drivers/ata/ata_generic': ['drivers/ata/libata', 'drivers/scsi/scsi_mod'],
        'drivers/block/xen-blkfront': [],
      },
      builtin: ['drivers/xen/platform-pci'],
    }),
    [`/boot/initrd-${SLES_12_KERNEL}`]: initramfs(
      {
        init: { link: 'usr/lib/systemd/systemd' },
        'usr/lib/systemd/systemd': 'systemd',
        ...modulesIn(`lib/modules/${SLES_12_KERNEL}`, [
          'drivers/scsi/scsi_mod',
          'drivers/scsi/sd_mod',
          'drivers/scsi/vmw_pvscsi',
        ]),
      },
      'xz -c --check=crc32',
    ),
    '/etc/sysconfig/kernel': '## Type: string\nINITRD_MODULES=""\n',
    '/etc/fstab': btrfsFstab(
      '/dev/disk/by-path/pci-0000:03:00.0-scsi-0:0:0:0-part1 swap swap defaults 0  0\n',
      2,
    ),
    '/etc/sysconfig/network/ifcfg-eth0': IFCFG,
    '/etc/udev/rules.d/70-persistent-net.rules': persistentNetRule('eth0', 'ATTR{dev_id}=="0x0", '),
  },
  after: {
    [`/boot/initrd-${SLES_12_KERNEL}`]: {
      modules: [
        'drivers/ata/ata_generic',
        'drivers/ata/ata_piix',
        'drivers/ata/libata',
        'drivers/block/xen-blkfront',
      ].map((path) => `lib/modules/${SLES_12_KERNEL}/kernel/${path}.ko`),
    },
    '/etc/dracut.conf.d/xenferry.conf': { holds: [' xen-blkfront ', ' ata-piix '] },
    '/etc/sysconfig/kernel': { holds: ['INITRD_MODULES="xen-blkfront ata-piix ata-generic sd-mod"'] },
    '/boot/grub2/grub.cfg': {
      holds: [`root=UUID=${uuid(2)}  \${extra_cmdline} resume=UUID=${uuid(1)} splash`],
    },
    '/etc/default/grub': { holds: [`GRUB_CMDLINE_LINUX_DEFAULT=" resume=UUID=${uuid(1)} splash=silent`] },
    '/etc/fstab': btrfsFstab(`UUID=${uuid(1)} swap swap defaults 0  0\n`, 2),
    '/etc/udev/rules.d/70-persistent-net.rules': freeNetRule('eth0'),
    ...linkFile('eth0'),
    ...masked('vmtoolsd.service', 'vgauthd.service'),
  },
  warnings: [NO_TOOLS],
};

const LEAP_15_KERNEL = '5.14.21-150500.53-default';

/** UEFI with SUSE's fallback loader, modules packed with zstd, addresses by systemd-networkd's rival wicked. */
const LEAP_15: LinuxFamily = {
  name: 'openSUSE Leap 15.5',
  distribution: 'opensuse-leap',
  version: '15.5',
  profile: 'sles-15',
  firmware: 'efi',
  nics: ONE_CARD,
  fileSystems: [
    { ...VOLUME, device: '/dev/sda1', type: 'vfat', uuid: '1A2B-3C4D', mountPoint: '/boot/efi' },
    { ...VOLUME, device: '/dev/sda2', type: 'btrfs', uuid: uuid(1), mountPoint: '/' },
    { ...VOLUME, device: '/dev/sda3', type: 'swap', uuid: uuid(2) },
  ],
  tree: {
    ...UNITS,
    '/etc/os-release': { link: '../usr/lib/os-release' },
    '/usr/lib/os-release':
      'NAME="openSUSE Leap"\nVERSION="15.5"\nID="opensuse-leap"\nID_LIKE="suse opensuse"\nVERSION_ID="15.5"\nPRETTY_NAME="openSUSE Leap 15.5"\n',
    '/boot/efi/EFI/boot/bootx64.efi': 'shim',
    '/boot/efi/EFI/boot/fallback.efi': 'fallback',
    '/boot/efi/EFI/opensuse/shim.efi': 'shim',
    '/boot/efi/EFI/opensuse/grub.efi': 'grub',
    '/boot/efi/EFI/opensuse/boot.csv': 'shim.efi,opensuse-secureboot',
    '/boot/efi/EFI/opensuse/grub.cfg': `search --fs-uuid --set=root ${uuid(1)}\nset prefix=(\${root})/boot/grub2\nsource "\${prefix}/grub.cfg"\n`,
    '/boot/grub2/grub.cfg': [
      `set default="\${saved_entry}"`,
      `menuentry 'openSUSE Leap 15.5'  --class opensuse --class gnu-linux $menuentry_id_option 'gnulinux-simple-${uuid(1)}' {`,
      `\tlinux\t/boot/vmlinuz-${LEAP_15_KERNEL} root=UUID=${uuid(1)}  \${extra_cmdline} splash=silent resume=/dev/disk/by-uuid/${uuid(2)} mitigations=auto quiet security=apparmor`,
      `\tinitrd\t/boot/initrd-${LEAP_15_KERNEL}`,
      '}',
      '',
    ].join('\n'),
    ...kernelFiles(LEAP_15_KERNEL, {
      ending: '.ko.zst',
      modules: {
        'drivers/scsi/vmw_pvscsi': [],
        'drivers/nvme/host/nvme': ['drivers/nvme/host/nvme-core'],
        'drivers/nvme/host/nvme-core': ['block/t10-pi'],
        'block/t10-pi': [],
        'drivers/block/xen-blkfront': [],
        'drivers/ata/ata_piix': [],
      },
      builtin: ['drivers/xen/platform-pci'],
    }),
    [`/boot/initrd-${LEAP_15_KERNEL}`]: Buffer.concat([
      initramfs({ 'kernel/x86/microcode/GenuineIntel.bin': 'microcode', early_cpio: '1\n' }),
      initramfs(
        {
          init: { link: 'usr/lib/systemd/systemd' },
          'usr/lib/systemd/systemd': 'systemd',
          ...modulesIn(`lib/modules/${LEAP_15_KERNEL}`, ['drivers/scsi/vmw_pvscsi'], '.ko.zst'),
        },
        'zstd -qc',
      ),
    ]),
    '/etc/fstab': `${btrfsFstab('', 1)}UUID=1A2B-3C4D /boot/efi               vfat   utf8                          0  2\nUUID=${uuid(2)} swap                    swap   defaults                      0  0\n`,
    '/etc/sysconfig/network/ifcfg-ens192': IFCFG,
  },
  after: {
    [`/boot/initrd-${LEAP_15_KERNEL}`]: {
      modules: [
        'block/t10-pi',
        'drivers/block/xen-blkfront',
        'drivers/nvme/host/nvme',
        'drivers/nvme/host/nvme-core',
      ].map((path) => `lib/modules/${LEAP_15_KERNEL}/kernel/${path}.ko.zst`),
    },
    '/etc/dracut.conf.d/xenferry.conf': { holds: [' xen-blkfront ', ' nvme '] },
    ...linkFile('ens192'),
    ...masked('vmtoolsd.service', 'vgauthd.service'),
  },
  warnings: [NO_TOOLS],
};

export const SUSE_WITH_DRACUT: readonly LinuxFamily[] = [SLES_12, LEAP_15];
