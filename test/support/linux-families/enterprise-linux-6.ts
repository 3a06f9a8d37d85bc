import {
  type Afterwards,
  freeNetRule,
  IPV4,
  IPV6,
  LABELS_AT_FIRST_START,
  type LinuxFamily,
  MAC,
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

const XEN = ['drivers/xen/xen-platform-pci', 'drivers/block/xen-blkfront'];
const IDE = ['drivers/ata/ata_piix', 'drivers/ata/ata_generic'];
const MODULES = {
  'drivers/scsi/sd_mod': ['lib/crc-t10dif'],
  'lib/crc-t10dif': [],
  'drivers/scsi/vmw_pvscsi': [],
  'drivers/ata/ata_piix': [],
  'drivers/ata/ata_generic': [],
  'drivers/xen/xen-platform-pci': [],
  'drivers/block/xen-blkfront': [],
};
const ON_VMWARE = ['drivers/scsi/vmw_pvscsi', 'drivers/scsi/sd_mod', 'lib/crc-t10dif'];

/** The image of dracut 004 that holds what the machine on VMware needs. */
function dracutImage(kernel: string): Buffer {
  const tree = {
    init: '#!/bin/sh\n',
    'dracut-004-33.el6': '',
    ...modulesIn(`lib/modules/${kernel}`, ON_VMWARE),
  };
  return initramfs(tree, 'gzip -9 -c');
}

function grubConf(title: string, kernels: readonly string[], root: string): string {
  const entries = kernels.map(
    (kernel) =>
      `title ${title} (${kernel})\n\troot (hd0,0)\n\tkernel /vmlinuz-${kernel} ro root=${root} rd_NO_LUKS rd_NO_MD SYSFONT=latarcyrheb-sun16 KEYBOARDTYPE=pc KEYTABLE=us rhgb quiet\n\tinitrd /initramfs-${kernel}.img\n`,
  );
  return `#boot=/dev/sda\ndefault=0\ntimeout=5\nsplashimage=(hd0,0)/grub/splash.xpm.gz\nhiddenmenu\n${entries.join('')}`;
}

function installed(kernel: string): LinuxFamily['tree'] {
  return {
    ...kernelFiles(kernel, { modules: MODULES, builtin: null }),
    [`/boot/initramfs-${kernel}.img`]: dracutImage(kernel),
  };
}

function mended(kernel: string): Readonly<Record<string, Afterwards>> {
  const added = [...XEN, ...IDE].map((path) => `lib/modules/${kernel}/kernel/${path}.ko`);
  return { [`/boot/initramfs-${kernel}.img`]: { modules: added } };
}

/** Upstart that only runs the run levels' links, with SELinux. */
const COMMON: LinuxFamily['tree'] = {
  '/sbin/init': 'upstart',
  '/etc/init/rc.conf': 'start on runlevel [0123456]\nexec /etc/rc.d/rc $RUNLEVEL\n',
  '/etc/dracut.conf': '# Sample dracut config file\n#add_drivers+=""\n',
  '/etc/init.d': { link: 'rc.d/init.d' },
  '/etc/rc.d/init.d/network': '#!/bin/bash\n',
  '/etc/rc.d/rc3.d/S10network': { link: '../init.d/network' },
  '/etc/selinux/config': 'SELINUX=enforcing\nSELINUXTYPE=targeted\n',
};

const COMMON_AFTER: LinuxFamily['after'] = {
  '/etc/dracut.conf.d/xenferry.conf': {
    holds: ['add_drivers+="', ' xen-platform-pci ', ' xen-blkfront ', ' ata-piix ', ' ata-generic '],
  },
  ...LABELS_AT_FIRST_START,
  ...startedByRunLevels('/etc/rc.d/init.d', (level) => `/etc/rc.d/rc${level}.d`),
};

const LVM = [
  { ...VOLUME, device: '/dev/sda1', type: 'ext4', uuid: uuid(1), mountPoint: '/boot' },
  { ...VOLUME, device: '/dev/mapper/VolGroup-lv_root', type: 'ext4', uuid: uuid(2), mountPoint: '/' },
  { ...VOLUME, device: '/dev/mapper/VolGroup-lv_swap', type: 'swap', uuid: uuid(3) },
];

const LVM_FSTAB = `/dev/mapper/VolGroup-lv_root /                       ext4    defaults        1 1\nUUID=${uuid(1)} /boot                   ext4    defaults        1 2\n/dev/mapper/VolGroup-lv_swap swap                    swap    defaults        0 0\n`;

const STATIC = `IPADDR=${IPV4}\nNETMASK=255.255.255.0\nIPV6INIT=yes\nIPV6ADDR=${IPV6}/64\nONBOOT=yes\nNM_CONTROLLED=yes\n`;

const CENTOS_60_KERNEL = '2.6.32-71.el6.x86_64';
const RHEL_62_KERNEL = '2.6.32-220.el6.x86_64';
const UEK_KERNEL = '2.6.32-100.34.1.el6uek.x86_64';
const COMPATIBLE_KERNEL = '2.6.32-131.0.15.el6.x86_64';

/** With the tarball's tools, started by a job of Upstart 0.6.5, which knows no overrides. */
const CENTOS_60: LinuxFamily = {
  name: 'CentOS 6.0',
  distribution: 'centos',
  version: '6.0',
  profile: 'el-60',
  firmware: 'bios',
  nics: ONE_CARD,
  fileSystems: LVM,
  tree: {
    ...COMMON,
    '/etc/redhat-release': 'CentOS Linux release 6.0 (Final)\n',
    ...installed(CENTOS_60_KERNEL),
    '/boot/grub/grub.conf': grubConf('CentOS Linux', [CENTOS_60_KERNEL], '/dev/mapper/VolGroup-lv_root'),
    '/etc/fstab': LVM_FSTAB,
    '/etc/sysconfig/network-scripts/ifcfg-eth0': `DEVICE="eth0"\nHWADDR="${MAC.toUpperCase()}"\n${STATIC}`,
    '/etc/udev/rules.d/70-persistent-net.rules': persistentNetRule('eth0'),
    '/etc/init/vmware-tools.conf':
      'description "VMware Tools"\n\nstart on (local-filesystems\n          and runlevel [2345])\nstop on runlevel [!2345]\n\npre-start exec /etc/vmware-tools/services.sh start\n',
    ...TARBALL_TOOLS,
  },
  after: {
    ...COMMON_AFTER,
    ...mended(CENTOS_60_KERNEL),
    '/etc/udev/rules.d/70-persistent-net.rules': freeNetRule('eth0'),
    '/etc/init/vmware-tools.conf':
      'description "VMware Tools"\n\n# start on (local-filesystems\n#           and runlevel [2345])\nstop on runlevel [!2345]\n\npre-start exec /etc/vmware-tools/services.sh start\n',
    ...TARBALL_TOOLS_GO,
  },
  warnings: [NO_TOOLS],
};

/** Without HWADDR, and without LVM: the root is named by UUID, a partition added later by its device. */
const RHEL_62: LinuxFamily = {
  name: 'Red Hat Enterprise Linux 6.2',
  distribution: 'rhel',
  version: '6.2',
  profile: 'el-60',
  firmware: 'bios',
  nics: ONE_CARD,
  fileSystems: [
    { ...VOLUME, device: '/dev/sda1', type: 'ext4', uuid: uuid(1), mountPoint: '/' },
    { ...VOLUME, device: '/dev/sda2', type: 'swap', uuid: uuid(2) },
    { ...VOLUME, device: '/dev/sdb1', type: 'ext4', uuid: uuid(3), mountPoint: '/srv' },
  ],
  tree: {
    ...COMMON,
    '/etc/redhat-release': 'Red Hat Enterprise Linux Server release 6.2 (Santiago)\n',
    ...installed(RHEL_62_KERNEL),
    '/boot/grub/grub.conf': grubConf('Red Hat Enterprise Linux', [RHEL_62_KERNEL], `UUID=${uuid(1)}`),
    '/etc/fstab': `UUID=${uuid(1)} /                       ext4    defaults        1 1\n/dev/sda2 swap                    swap    defaults        0 0\n/dev/sdb1\t/srv\text4\tdefaults\t1 2\n`,
    '/etc/sysconfig/network-scripts/ifcfg-eth0': `DEVICE=eth0\nBOOTPROTO=none\n${STATIC}`,
    '/etc/udev/rules.d/70-persistent-net.rules': persistentNetRule('eth0'),
    '/etc/rc.d/init.d/vmware-tools-services': '#!/bin/bash\n',
    '/etc/rc.d/rc3.d/S03vmware-tools-services': { link: '../init.d/vmware-tools-services' },
    '/etc/yum.repos.d/vmware-tools.repo':
      '[vmware-tools]\nname=VMware Tools\nbaseurl=http://packages.vmware.com/tools/esx/5.0/rhel6/$basearch\nenabled=1\ngpgcheck=1\n',
  },
  after: {
    ...COMMON_AFTER,
    ...mended(RHEL_62_KERNEL),
    '/etc/fstab': `UUID=${uuid(1)} /                       ext4    defaults        1 1\nUUID=${uuid(2)} swap                    swap    defaults        0 0\nUUID=${uuid(3)}\t/srv\text4\tdefaults\t1 2\n`,
    '/etc/udev/rules.d/70-persistent-net.rules': freeNetRule('eth0'),
    '/etc/rc.d/rc3.d/S03vmware-tools-services': null,
    '/etc/yum.repos.d/vmware-tools.repo': {
      holds: ['enabled=0\n', 'baseurl=http://packages.vmware.com/tools/esx/5.0/rhel6/$basearch'],
    },
  },
  warnings: [NO_TOOLS],
};

/** Oracle's own kernel by default and Red Hat's beside it: both must start. */
const ORACLE_61: LinuxFamily = {
  name: 'Oracle Linux 6.1 with UEK',
  distribution: 'ol',
  version: '6.1',
  profile: 'el-60',
  firmware: 'bios',
  nics: ONE_CARD,
  fileSystems: LVM,
  tree: {
    ...COMMON,
    '/etc/redhat-release': 'Red Hat Enterprise Linux Server release 6.1 (Santiago)\n',
    '/etc/oracle-release': 'Oracle Linux Server release 6.1\n',
    ...installed(UEK_KERNEL),
    ...installed(COMPATIBLE_KERNEL),
    '/boot/grub/grub.conf': grubConf(
      'Oracle Linux Server',
      [UEK_KERNEL, COMPATIBLE_KERNEL],
      '/dev/mapper/VolGroup-lv_root',
    ),
    '/etc/fstab': LVM_FSTAB,
    '/etc/sysconfig/network-scripts/ifcfg-eth0': `DEVICE="eth0"\n${STATIC}`,
    '/etc/udev/rules.d/70-persistent-net.rules': persistentNetRule('eth0'),
  },
  after: {
    ...COMMON_AFTER,
    ...mended(UEK_KERNEL),
    ...mended(COMPATIBLE_KERNEL),
    '/etc/udev/rules.d/70-persistent-net.rules': freeNetRule('eth0'),
  },
  warnings: [NO_TOOLS],
};

export const ENTERPRISE_LINUX_6: readonly LinuxFamily[] = [CENTOS_60, RHEL_62, ORACLE_61];
