import {
  IPV4,
  IPV6,
  LABELS_AT_FIRST_START,
  LINK_RULES,
  type LinuxFamily,
  linkFile,
  MAC,
  masked,
  NO_TOOLS,
  ONE_CARD,
  STARTED_BY_SYSTEMD,
  uuid,
  VOLUME,
} from './family.js';
import { initramfs, kernelFiles, modulesIn } from './kernel-files.js';

const MACHINE_ID = '5d1f0c7c2f0b4a0e9c1d2b3a49586776';

/** systemd with merged /usr and SELinux; open-vm-tools as an rpm. */
const COMMON: LinuxFamily['tree'] = {
  '/lib': { link: 'usr/lib' },
  '/sbin': { link: 'usr/sbin' },
  '/usr/sbin/init': { link: '../lib/systemd/systemd' },
  '/usr/lib/systemd/systemd': 'systemd',
  [LINK_RULES]: 'rules',
  '/usr/lib/systemd/system/vmtoolsd.service': '[Unit]\nConditionVirtualization=vmware\n',
  '/usr/lib/systemd/system/vgauthd.service': '[Unit]\nConditionVirtualization=vmware\n',
  '/etc/systemd/system/multi-user.target.wants/vmtoolsd.service': {
    link: '/usr/lib/systemd/system/vmtoolsd.service',
  },
  '/etc/selinux/config': 'SELINUX=enforcing\nSELINUXTYPE=targeted\n',
};

const COMMON_AFTER: LinuxFamily['after'] = {
  ...masked('vmtoolsd.service', 'vgauthd.service'),
  ...LABELS_AT_FIRST_START,
  ...STARTED_BY_SYSTEMD,
};

/** An image of dracut's hostonly mode, microcode first. */
function dracutImage(kernel: string, inside: readonly string[], pack: string): Buffer {
  const microcode = initramfs({ 'kernel/x86/microcode/GenuineIntel.bin': 'microcode', early_cpio: '1\n' });
  const tree = {
    init: { link: 'usr/lib/systemd/systemd' },
    lib: { link: 'usr/lib' },
    'usr/lib/systemd/systemd': 'systemd',
    ...modulesIn(`usr/lib/modules/${kernel}`, inside, '.ko.xz'),
  };
  return Buffer.concat([microcode, initramfs(tree, pack)]);
}

const RHEL_7_KERNEL = '3.10.0-1160.el7.x86_64';
const RHEL_7_TITLE = `Red Hat Enterprise Linux Server (${RHEL_7_KERNEL}) 7.9 (Maipo)`;

/** grub2 with BIOS, XFS on LVM, ifcfg without HWADDR, dracut hostonly. */
const RHEL_7: LinuxFamily = {
  name: 'Red Hat Enterprise Linux 7.9',
  distribution: 'rhel',
  version: '7.9',
  profile: 'el-7',
  firmware: 'bios',
  nics: ONE_CARD,
  fileSystems: [
    { ...VOLUME, device: '/dev/sda1', type: 'xfs', uuid: uuid(1), mountPoint: '/boot' },
    { ...VOLUME, device: '/dev/mapper/rhel-root', type: 'xfs', uuid: uuid(2), mountPoint: '/' },
    { ...VOLUME, device: '/dev/mapper/rhel-swap', type: 'swap', uuid: uuid(3) },
  ],
  tree: {
    ...COMMON,
    '/etc/os-release':
      'NAME="Red Hat Enterprise Linux Server"\nVERSION="7.9 (Maipo)"\nID="rhel"\nID_LIKE="fedora"\nVERSION_ID="7.9"\nPRETTY_NAME="Red Hat Enterprise Linux Server 7.9 (Maipo)"\n',
    '/etc/redhat-release': 'Red Hat Enterprise Linux Server release 7.9 (Maipo)\n',
    '/boot/grub2/grubenv': `# GRUB Environment Block\nsaved_entry=${RHEL_7_TITLE}\n`.padEnd(1024, '#'),
    '/boot/grub2/grub.cfg': [
      `if [ "\${next_entry}" ] ; then`,
      `   set default="\${next_entry}"`,
      'else',
      `   set default="\${saved_entry}"`,
      'fi',
      `menuentry '${RHEL_7_TITLE}' --class red --class gnu-linux --unrestricted $menuentry_id_option 'gnulinux-${RHEL_7_KERNEL}-advanced-${uuid(2)}' {`,
      '\tload_video',
      "\tset root='hd0,msdos1'",
      `\tlinux16 /vmlinuz-${RHEL_7_KERNEL} root=/dev/mapper/rhel-root ro crashkernel=auto rd.lvm.lv=rhel/root rd.lvm.lv=rhel/swap rhgb quiet`,
      `\tinitrd16 /initramfs-${RHEL_7_KERNEL}.img`,
      '}',
      `menuentry 'Red Hat Enterprise Linux Server (0-rescue-${MACHINE_ID}) 7.9 (Maipo)' --class red {`,
      `\tlinux16 /vmlinuz-0-rescue-${MACHINE_ID} root=/dev/mapper/rhel-root ro`,
      `\tinitrd16 /initramfs-0-rescue-${MACHINE_ID}.img`,
      '}',
      '',
    ].join('\n'),
    [`/boot/vmlinuz-0-rescue-${MACHINE_ID}`]: 'kernel',
    [`/boot/initramfs-0-rescue-${MACHINE_ID}.img`]: 'generic',
    ...kernelFiles(RHEL_7_KERNEL, {
      folder: '/usr/lib/modules',
      ending: '.ko.xz',
      modules: {
        'drivers/scsi/sd_mod': ['lib/crc-t10dif'],
        'lib/crc-t10dif': [],
        'drivers/scsi/vmw_pvscsi': [],
        'drivers/ata/libata': [],
        'drivers/ata/ata_piix': ['drivers/ata/libata'],
        'drivers/ata/ata_generic': ['drivers/ata/libata'],
        'drivers/block/xen-blkfront': [],
      },
      builtin: ['drivers/xen/xen-platform-pci'],
    }),
    [`/boot/initramfs-${RHEL_7_KERNEL}.img`]: dracutImage(
      RHEL_7_KERNEL,
      ['drivers/scsi/vmw_pvscsi', 'drivers/scsi/sd_mod', 'lib/crc-t10dif'],
      'gzip -c',
    ),
    '/etc/dracut.conf': '# PUT YOUR CONFIG IN separate files\n',
    '/etc/fstab': `/dev/mapper/rhel-root   /                       xfs     defaults        0 0\nUUID=${uuid(1)} /boot                   xfs     defaults        0 0\n/dev/mapper/rhel-swap   swap                    swap    defaults        0 0\n`,
    '/etc/default/grub':
      'GRUB_DEFAULT=saved\nGRUB_CMDLINE_LINUX="crashkernel=auto rd.lvm.lv=rhel/root rhgb quiet"\n',
    '/etc/sysconfig/network-scripts/ifcfg-ens192': `TYPE=Ethernet\nBOOTPROTO=none\nIPADDR=${IPV4}\nPREFIX=24\nIPV6INIT=yes\nIPV6ADDR=${IPV6}/64\nNAME=ens192\nDEVICE=ens192\nONBOOT=yes\n`,
  },
  after: {
    ...COMMON_AFTER,
    [`/boot/initramfs-${RHEL_7_KERNEL}.img`]: {
      modules: [
        'drivers/ata/ata_generic',
        'drivers/ata/ata_piix',
        'drivers/ata/libata',
        'drivers/block/xen-blkfront',
      ].map((path) => `usr/lib/modules/${RHEL_7_KERNEL}/kernel/${path}.ko.xz`),
    },
    '/etc/dracut.conf.d/xenferry.conf': { holds: [' xen-blkfront ', ' ata-piix '] },
    ...linkFile('ens192'),
  },
  warnings: [NO_TOOLS],
};

const ROCKY_9_KERNEL = '5.14.0-362.8.1.el9_3.x86_64';

/** UEFI with the fallback loader in place, loader entries, a keyfile of NetworkManager, LVM's list of devices. */
const ROCKY_9: LinuxFamily = {
  name: 'Rocky Linux 9.3',
  distribution: 'rocky',
  version: '9.3',
  profile: 'el-9',
  firmware: 'efi',
  nics: ONE_CARD,
  fileSystems: [
    { ...VOLUME, device: '/dev/sda1', type: 'vfat', uuid: '1A2B-3C4D', mountPoint: '/boot/efi' },
    { ...VOLUME, device: '/dev/sda2', type: 'xfs', uuid: uuid(1), mountPoint: '/boot' },
    { ...VOLUME, device: '/dev/mapper/rl-root', type: 'xfs', uuid: uuid(2), mountPoint: '/' },
    { ...VOLUME, device: '/dev/mapper/rl-swap', type: 'swap', uuid: uuid(3) },
  ],
  tree: {
    ...COMMON,
    '/etc/os-release': { link: '../usr/lib/os-release' },
    '/usr/lib/os-release':
      'NAME="Rocky Linux"\nVERSION="9.3 (Blue Onyx)"\nID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.3"\nPRETTY_NAME="Rocky Linux 9.3 (Blue Onyx)"\n',
    '/etc/redhat-release': { link: 'rocky-release' },
    '/etc/rocky-release': 'Rocky Linux release 9.3 (Blue Onyx)\n',
    '/boot/efi/EFI/BOOT/BOOTX64.EFI': 'shim',
    '/boot/efi/EFI/BOOT/fbx64.efi': 'fallback',
    '/boot/efi/EFI/rocky/shimx64.efi': 'shim',
    '/boot/efi/EFI/rocky/grubx64.efi': 'grub',
    '/boot/efi/EFI/rocky/grub.cfg': `search --no-floppy --root-dev-only --fs-uuid --set=dev ${uuid(1)}\nset prefix=($dev)/grub2\nexport $prefix\nconfigfile $prefix/grub.cfg\n`,
    '/boot/grub2/grub.cfg': `set default="\${saved_entry}"\ninsmod blscfg\nblscfg\n`,
    '/boot/grub2/grubenv':
      `# GRUB Environment Block\nsaved_entry=${MACHINE_ID}-${ROCKY_9_KERNEL}\nboot_success=1\n`.padEnd(
        1024,
        '#',
      ),
    [`/boot/loader/entries/${MACHINE_ID}-${ROCKY_9_KERNEL}.conf`]: `title Rocky Linux (${ROCKY_9_KERNEL}) 9.3 (Blue Onyx)\nversion ${ROCKY_9_KERNEL}\nlinux /vmlinuz-${ROCKY_9_KERNEL}\ninitrd /initramfs-${ROCKY_9_KERNEL}.img $tuned_initrd\noptions root=/dev/mapper/rl-root ro crashkernel=1G-4G:192M,4G-64G:256M,64G-:512M resume=/dev/mapper/rl-swap rd.lvm.lv=rl/root rd.lvm.lv=rl/swap $tuned_params\ngrub_users $grub_users\ngrub_class rocky\n`,
    [`/boot/loader/entries/${MACHINE_ID}-0-rescue.conf`]: `title Rocky Linux (0-rescue-${MACHINE_ID}) 9.3 (Blue Onyx)\nversion 0-rescue-${MACHINE_ID}\nlinux /vmlinuz-0-rescue-${MACHINE_ID}\ninitrd /initramfs-0-rescue-${MACHINE_ID}.img\noptions root=/dev/mapper/rl-root ro\n`,
    [`/boot/vmlinuz-0-rescue-${MACHINE_ID}`]: 'kernel',
    [`/boot/initramfs-0-rescue-${MACHINE_ID}.img`]: 'generic',
    ...kernelFiles(ROCKY_9_KERNEL, {
      folder: '/usr/lib/modules',
      ending: '.ko.xz',
      modules: {
        'drivers/scsi/vmw_pvscsi': [],
        'drivers/scsi/sd_mod': ['block/t10-pi'],
        'block/t10-pi': [],
        'drivers/ata/ata_piix': [],
        'drivers/nvme/host/nvme': ['drivers/nvme/host/nvme-core'],
        'drivers/nvme/host/nvme-core': ['drivers/nvme/common/nvme-common', 'block/t10-pi'],
        'drivers/nvme/common/nvme-common': [],
        'drivers/block/xen-blkfront': [],
      },
      builtin: ['drivers/xen/platform-pci'],
    }),
    [`/boot/initramfs-${ROCKY_9_KERNEL}.img`]: dracutImage(
      ROCKY_9_KERNEL,
      ['drivers/scsi/vmw_pvscsi', 'drivers/scsi/sd_mod', 'block/t10-pi'],
      'zstd -qc',
    ),
    '/etc/dracut.conf': '# PUT YOUR CONFIG IN separate files\n',
    '/etc/lvm/devices/system.devices':
      'VERSION=1.1.2\nIDTYPE=sys_wwid IDNAME=naa.6000c29f1 DEVNAME=/dev/sda3 PVID=abc PART=3\n',
    '/etc/fstab': `/dev/mapper/rl-root     /                       xfs     defaults        0 0\nUUID=${uuid(1)} /boot                   xfs     defaults        0 0\nUUID=1A2B-3C4D          /boot/efi               vfat    umask=0077,shortname=winnt 0 2\n/dev/mapper/rl-swap     none                    swap    defaults        0 0\n`,
    '/etc/NetworkManager/system-connections/ens192.nmconnection': `[connection]\nid=ens192\nuuid=${uuid(9)}\ntype=ethernet\nautoconnect-priority=-999\ninterface-name=ens192\n\n[ethernet]\nmac-address=${MAC.toUpperCase()}\n\n[ipv4]\naddress1=${IPV4}/24,192.0.2.1\nmethod=manual\n\n[ipv6]\naddress1=${IPV6}/64\nmethod=manual\n`,
    '/etc/cloud/cloud.cfg': 'users:\n - default\ndatasource_list: [ VMware, OVF ]\n',
  },
  after: {
    ...COMMON_AFTER,
    [`/boot/initramfs-${ROCKY_9_KERNEL}.img`]: {
      modules: [
        'drivers/block/xen-blkfront',
        'drivers/nvme/common/nvme-common',
        'drivers/nvme/host/nvme',
        'drivers/nvme/host/nvme-core',
      ].map((path) => `usr/lib/modules/${ROCKY_9_KERNEL}/kernel/${path}.ko.xz`),
    },
    '/etc/dracut.conf.d/xenferry.conf': { holds: [' xen-blkfront ', ' nvme '] },
    '/etc/lvm/devices/system.devices': null,
    '/etc/cloud/cloud.cfg.d/99-xenferry-network.cfg': 'network: {config: disabled}\n',
    ...linkFile('ens192'),
  },
  warnings: [NO_TOOLS],
};

export const ENTERPRISE_LINUX_7_TO_9: readonly LinuxFamily[] = [RHEL_7, ROCKY_9];
