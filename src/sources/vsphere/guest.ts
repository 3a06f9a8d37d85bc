import type { GuestFacts, GuestVolume } from '../../model/virtual-machine.js';
import { reportedOs } from '../vmx/reported-os.js';
import type { MachineProperties } from './machine-schema.js';
import { ownAddresses } from './nics.js';

/** `VirtualMachineToolsStatus`. */
const TOOLS: Readonly<Record<string, GuestFacts['tools']>> = {
  toolsOk: 'running',
  toolsOld: 'outdated',
  toolsNotRunning: 'not running',
  toolsNotInstalled: 'not installed',
};

/** What Tools reported; `addresses` are those of the machine's network cards. */
export function readGuest(
  properties: MachineProperties,
  settings: ReadonlyMap<string, string>,
  addresses: readonly string[],
): GuestFacts {
  const primary = properties['guest.ipAddress'];
  const status = properties['guest.toolsStatus'] ?? '';
  return {
    hostName: properties['guest.hostName'] || null,
    addresses: ownAddresses([...(primary === undefined ? [] : [primary]), ...addresses]),
    reportedOs: properties['guest.guestFullName'] || reportedOs(settings),
    tools: (Object.hasOwn(TOOLS, status) ? TOOLS[status] : null) ?? null,
    volumes: properties['guest.disk'].flatMap(({ diskPath, capacity, freeSpace }): GuestVolume[] =>
      diskPath === '' || capacity === undefined || freeSpace === undefined
        ? []
        : [{ path: diskPath, capacityBytes: capacity, freeBytes: freeSpace }],
    ),
  };
}
