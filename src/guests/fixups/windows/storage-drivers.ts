import { XenferryError } from '../../../model/errors.js';
import type { GuestFiles } from '../../files/guest-files.js';
import type { HiveKey } from '../../registry/hive.js';
import { openSystemHive } from '../../registry/windows-hives.js';
import type { Fixup, InspectedGuest } from '../fixup.js';
import { emptyNotes } from '../notes.js';
import { isAtLeast, WINDOWS } from './release.js';

const DRIVERS = '/Windows/System32/drivers';
const BUS = 'System Bus Extender';
const MINIPORT = 'SCSI Miniport';

interface Driver {
  readonly service: string;
  readonly group: string;
  /** Files that it does not load without, beside its own. */
  readonly needs: readonly string[];
}

const INTELIDE: Driver = { service: 'intelide', group: BUS, needs: ['pciidex.sys'] };
const PCIIDE: Driver = { service: 'pciide', group: BUS, needs: ['pciidex.sys'] };
const ATAPI: Driver = { service: 'atapi', group: MINIPORT, needs: [] };
const STORNVME: Driver = { service: 'stornvme', group: MINIPORT, needs: ['storport.sys'] };

/** Those of AHCI never meet such a disk on Xen, but stand by for what the operator may choose. */
const ALL: readonly Driver[] = [
  INTELIDE,
  PCIIDE,
  ATAPI,
  { service: 'msahci', group: MINIPORT, needs: ['pciidex.sys'] },
  { service: 'storahci', group: MINIPORT, needs: ['storport.sys'] },
  STORNVME,
];

const DISK_CONTROLLERS = '{4D36E96A-E325-11CE-BFC1-08002BE10318}';

/** Hardware ids with `#` for the backslash: the IDE channels, PIIX3 as Xen has it, PIIX4, and any IDE controller. */
const CRITICAL: readonly (readonly [string, string])[] = [
  ['primary_ide_channel', 'atapi'],
  ['secondary_ide_channel', 'atapi'],
  ['*pnp0600', 'atapi'],
  ['pci#ven_8086&dev_7010', 'intelide'],
  ['pci#ven_8086&dev_7111', 'intelide'],
  ['pci#ven_8086&cc_0101', 'intelide'],
  ['pci#cc_0101', 'pciide'],
];

/**
 * Lets Windows start from the disk that Xen emulates until Xen's own drivers are there: IDE (PIIX3) with BIOS, NVMe
 * with UEFI. A driver is loaded at boot when `Start` is 0 and, since Windows 8, no `StartOverride` says otherwise.
 * Windows finds out by itself which device it is for, but up to 7 only by the critical device database.
 */
export const storageDrivers: Fixup = {
  id: 'windows/storage-drivers',
  title: 'Drivers of the boot disk',
  async run(guest, files) {
    const notes = emptyNotes();
    const present = await presentDrivers(files);
    refuseMissing(guest, present);
    const system = await openSystemHive(files);
    const { controlSet } = system;
    const started = present.filter((driver) => startAtBoot(controlSet, driver));
    if (started.length > 0) {
      const names = started.map(({ service }) => service).join(', ');
      notes.done.push(`These drivers load when Windows starts: ${names}.`);
    }
    if (!isAtLeast(guest, WINDOWS.eight) && fillCriticalDevices(controlSet, present))
      notes.done.push('The IDE controllers of Xen are among the critical devices.');
    if (controlSet.makeKey('Control\\CrashControl').setDword('AutoReboot', 0))
      notes.done.push('A stop error stays on the screen instead of starting over.');
    if (keepDisksOnline(guest, controlSet)) notes.done.push('All disks come online by themselves.');
    if (isAtLeast(guest, WINDOWS.eight)) {
      const power = controlSet.makeKey('Control\\Session Manager\\Power');
      if (power.dword('HiberbootEnabled') !== 0 && power.setDword('HiberbootEnabled', 0))
        notes.done.push('Fast startup is off.');
    }
    notes.registry.push(...(await system.save()));
    for (const { type, device } of guest.fileSystems) {
      if (type === 'BitLocker')
        notes.warnings.push(`${device} is encrypted with BitLocker: have its recovery key at hand.`);
    }
    return notes;
  },
};

async function presentDrivers(files: GuestFiles): Promise<readonly Driver[]> {
  const names = new Set((await files.list(DRIVERS)).map((name) => name.toLowerCase()));
  return ALL.filter(({ service, needs }) => [`${service}.sys`, ...needs].every((name) => names.has(name)));
}

/** Windows before 8.1 has no driver for NVMe; its profile puts the disk on IDE with UEFI as well. */
function refuseMissing(guest: InspectedGuest, present: readonly Driver[]): void {
  const nvme = guest.firmware === 'efi' && isAtLeast(guest, WINDOWS.eightOne);
  const has = (driver: Driver) => present.includes(driver);
  if (nvme ? has(STORNVME) : has(ATAPI) && (has(INTELIDE) || has(PCIIDE))) return;
  const missing = nvme ? 'stornvme.sys' : 'atapi.sys, intelide.sys and pciidex.sys';
  throw new XenferryError(
    'GUEST_REFUSED',
    `Windows would stop with 0x7B (INACCESSIBLE_BOOT_DEVICE): ${missing} must be in ${DRIVERS}`,
    {
      hint: 'Put the missing drivers of this release there (they are on its installation medium, or in Driver Cache), then export it again.',
    },
  );
}

function startAtBoot(controlSet: HiveKey, { service, group }: Driver): boolean {
  const key = controlSet.makeKey(`Services\\${service}`);
  const override = key.key('StartOverride');
  const changes = [
    key.setDword('Start', 0),
    key.setDword('Type', 1),
    key.dword('ErrorControl') === null && key.setDword('ErrorControl', 1),
    key.string('Group') === null && key.setString('Group', group),
    key.string('ImagePath') === null && key.setExpand('ImagePath', `System32\\drivers\\${service}.sys`),
    ...(override?.valueNames() ?? []).map(
      (name) => override?.dword(name) !== 0 && override?.setDword(name, 0),
    ),
  ];
  return changes.some((changed) => changed === true);
}

function fillCriticalDevices(controlSet: HiveKey, present: readonly Driver[]): boolean {
  let changed = false;
  for (const [device, service] of CRITICAL) {
    if (!present.some((driver) => driver.service === service)) continue;
    const key = controlSet.makeKey(`Control\\CriticalDeviceDatabase\\${device}`);
    if (key.setString('Service', service)) changed = true;
    if (key.string('ClassGUID') === null && key.setString('ClassGUID', DISK_CONTROLLERS)) changed = true;
  }
  return changed;
}

/** Servers keep disks offline that they meet on a new bus; 1 is OnlineAll (`SAN` of diskpart, Vista and later). */
function keepDisksOnline(guest: InspectedGuest, controlSet: HiveKey): boolean {
  if (!isAtLeast(guest, WINDOWS.vista)) return false;
  return controlSet.makeKey('Services\\partmgr\\Parameters').setDword('SanPolicy', 1);
}
