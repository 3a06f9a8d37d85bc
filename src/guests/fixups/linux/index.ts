import type { Fixup } from '../fixup.js';
import { cloudInit } from './cloud-init.js';
import { consoles } from './console.js';
import { deviceNames } from './device-names.js';
import { firstBoot } from './first-boot.js';
import { guestTools } from './guest-tools.js';
import { initramfs } from './initramfs.js';
import { networkNames } from './network-names.js';
import { selinux } from './selinux.js';
import { uefiFallback } from './uefi-fallback.js';
import { vmwareTools } from './vmware-tools.js';

/** In the order they run: `first-boot` last, because it starts what the others left. */
export const linuxFixups: readonly Fixup[] = [
  initramfs,
  uefiFallback,
  deviceNames,
  networkNames,
  consoles,
  cloudInit,
  vmwareTools,
  guestTools,
  selinux,
  firstBoot,
];
