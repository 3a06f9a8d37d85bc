import type { Findings } from './findings.js';
import type { HardwareItem } from './hardware-items.js';

/** Devices that do not travel in an export, by their ResourceSubType in lower case. */
const SPECIAL_DEVICES: readonly { readonly subType: RegExp; readonly message: string }[] = [
  { subType: /^vmware\.vtpm/, message: 'the machine has a virtual TPM, whose state is never exported' },
  {
    subType: /^vmware\.pci\.passthrough/,
    message: 'the machine has a PCI passthrough device, which is left out',
  },
  { subType: /^sriovethernetcard$/, message: 'the machine has an SR-IOV adapter, which needs its host' },
  { subType: /nvdimm/, message: 'the machine has an NVDIMM, which is left out' },
];

/** Leaves one warning for each special device of a machine. */
export function noteSpecialDevices(items: readonly HardwareItem[], findings: Findings): void {
  for (const item of items) {
    for (const { subType, message } of SPECIAL_DEVICES) {
      if (item.subTypes.some((name) => subType.test(name)))
        findings.warn(message, item.line, 'OVF_UNSUPPORTED');
    }
  }
}
