import { XenferryError } from '../../model/errors.js';
import type { GuestFiles } from '../files/guest-files.js';
import type { Hive, HiveKey } from './hive.js';
import { readHive, writeHive } from './hive-files.js';
import type { RegistryChange } from './registry-change.js';

/** The system volume is the root; names are found in any letter case. */
const CONFIG = '/Windows/System32/config';

/** The hive behind HKLM\SYSTEM. */
export interface SystemHive {
  readonly hive: Hive;
  /** What CurrentControlSet is when Windows runs. */
  readonly controlSet: HiveKey;
  /** Writes the hive where it was changed; tells what was. */
  save(): Promise<readonly RegistryChange[]>;
}

/** The hive behind HKLM\SOFTWARE. */
export interface SoftwareHive {
  readonly hive: Hive;
  save(): Promise<readonly RegistryChange[]>;
}

/** Rejects with GUEST_UNREADABLE, GUEST_REFUSED. */
export async function openSystemHive(files: GuestFiles): Promise<SystemHive> {
  const path = `${CONFIG}/SYSTEM`;
  const hive = await openHive(files, path);
  const number = hive.key('Select')?.dword('Current') ?? 1;
  const controlSet = hive.key(`ControlSet${String(number).padStart(3, '0')}`);
  if (controlSet === null)
    throw new XenferryError('GUEST_UNREADABLE', `the registry has no control set ${number}`, { file: path });
  return { hive, controlSet, save: () => saved(files, path, hive) };
}

/** Rejects with GUEST_UNREADABLE, GUEST_REFUSED. */
export async function openSoftwareHive(files: GuestFiles): Promise<SoftwareHive> {
  const path = `${CONFIG}/SOFTWARE`;
  const hive = await openHive(files, path);
  return { hive, save: () => saved(files, path, hive) };
}

/** LanmanNT is a domain controller, ServerNT any other server, WinNT a client. */
export function isDomainController(controlSet: HiveKey): boolean {
  return controlSet.key('Control\\ProductOptions')?.string('ProductType')?.toLowerCase() === 'lanmannt';
}

async function saved(files: GuestFiles, path: string, hive: Hive): Promise<readonly RegistryChange[]> {
  await writeHive(files, path, hive);
  const name = path.slice(CONFIG.length + 1);
  return hive.changes.map((change) => ({ ...change, key: `${name}\\${change.key}` }));
}

async function openHive(files: GuestFiles, path: string): Promise<Hive> {
  const hive = await readHive(files, path);
  if (hive === null)
    throw new XenferryError('GUEST_UNREADABLE', 'Windows has no registry there', { file: path });
  return hive;
}
