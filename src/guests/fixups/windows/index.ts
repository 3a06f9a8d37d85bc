import type { Fixup } from '../fixup.js';
import { firstBoot } from './first-boot.js';
import { guestTools } from './guest-tools.js';
import { network } from './network.js';
import { storageDrivers } from './storage-drivers.js';
import { uefiFallback } from './uefi-fallback.js';
import { vmwareServices } from './vmware-services.js';
import { vmwareTools } from './vmware-tools.js';

/** In the order they run: `first-boot` last, because it starts what the others left. */
export const windowsFixups: readonly Fixup[] = [
  storageDrivers,
  uefiFallback,
  network,
  vmwareServices,
  vmwareTools,
  guestTools,
  firstBoot,
];
