import { CENTOS_57 } from './centos-5.js';
import { DEBIAN } from './debian.js';
import { ENTERPRISE_LINUX_6 } from './enterprise-linux-6.js';
import { ENTERPRISE_LINUX_7_TO_9 } from './enterprise-linux-7.js';
import type { LinuxFamily } from './family.js';
import { SLES_11 } from './sles-11.js';
import { SUSE_WITH_DRACUT } from './suse-with-dracut.js';
import { UBUNTU } from './ubuntu.js';

export const LINUX_FAMILIES: readonly LinuxFamily[] = [
  CENTOS_57,
  ...ENTERPRISE_LINUX_6,
  ...ENTERPRISE_LINUX_7_TO_9,
  ...DEBIAN,
  ...UBUNTU,
  SLES_11,
  ...SUSE_WITH_DRACUT,
];
