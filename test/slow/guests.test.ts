import { expect, it } from 'vitest';
import { bootUntil, missingForBoot, onIde, onNvme, uefi } from '../support/emulated-boot.js';
import { tempFiles } from '../support/temp-files.js';
import {
  convertFixed,
  convertUnfixed,
  LVM_XFS,
  MBR_EXT4,
  UEFI_GPT,
  type VmwareGuest,
  vmdkOf,
} from '../support/vmware-guests.js';

const LOGIN = /vmguest login:/;
const NO_ROOT = /Gave up waiting for root file system device/;
/** The firmware's word when there is no EFI/BOOT/BOOTX64.EFI and no variable that names another boot loader. */
const NO_LOADER = /No bootable option or device was found|EFI Internal Shell/;

const GUESTS: readonly (VmwareGuest & { readonly failure: RegExp })[] = [
  { ...MBR_EXT4, failure: NO_ROOT },
  { ...LVM_XFS, failure: NO_ROOT },
  { ...UEFI_GPT, failure: NO_LOADER },
];

const { folder } = tempFiles();

/** Starts the guest on the devices that Xen emulates for its firmware, where there are no Xen drivers. */
async function bootOnEmulatedDevices({ firmware }: VmwareGuest, vhd: string) {
  const parts = firmware === 'bios' ? onIde(vhd) : [...onNvme(vhd), ...(await uefi(folder))];
  return bootUntil([LOGIN, NO_ROOT, NO_LOADER], ...parts);
}

it.each(GUESTS)('converted as it is, $name does not boot', async (guest) => {
  expect(await missingForBoot(guest.firmware)).toBeUndefined();
  const { console, end } = await bootOnEmulatedDevices(
    guest,
    await convertUnfixed(await vmdkOf(guest.name), folder),
  );
  expect(end, `the end of the serial console: ${console.slice(-2000)}`).toBe(guest.failure);
});

it.each(GUESTS)('fixed and converted, $name boots to its login prompt', async (guest) => {
  expect(await missingForBoot(guest.firmware)).toBeUndefined();
  const { console, end } = await bootOnEmulatedDevices(guest, await convertFixed(guest, folder));
  expect(end, `the end of the serial console: ${console.slice(-2000)}`).toBe(LOGIN);
});
