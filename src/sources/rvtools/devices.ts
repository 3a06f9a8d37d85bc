import type { Device, Snapshot } from '../../model/virtual-machine.js';
import type { Row } from './read-tab.js';
import type { VCD, VSNAPSHOT, VUSB } from './tabs.js';

export function listDrives(rows: readonly Row<(typeof VCD)['columns']>[]): readonly Device[] {
  return rows.map(
    ({ node, connected, startsConnected, type }): Device => ({
      kind: 'cdrom',
      label: node ?? 'CD/DVD drive',
      connected: connected === true || startsConnected === true,
      backing: driveBacking(type),
    }),
  );
}

export function listUsbDevices(rows: readonly Row<(typeof VUSB)['columns']>[]): readonly Device[] {
  return rows.map(
    ({ node, connected, type }): Device => ({
      kind: 'usb',
      label: node ?? 'USB device',
      connected: connected === true,
      backing: type,
    }),
  );
}

/** Oldest first. vSphere keeps the power state a snapshot brings back: with memory the machine runs again. */
export function listSnapshots(rows: readonly Row<(typeof VSNAPSHOT)['columns']>[]): readonly Snapshot[] {
  const snapshots = rows.map(
    ({ title, createdAt, state }): Snapshot => ({
      name: title ?? '',
      createdAt,
      withMemory: /^poweredon$/i.test(state ?? ''),
    }),
  );
  return snapshots.sort((a, b) => compare(a.createdAt ?? '', b.createdAt ?? ''));
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** `ISO [datastore] file.iso`; a drive of the client's has nothing behind it as long as no client is there. */
function driveBacking(type: string | null): string | null {
  if (type === null || /remote|client/i.test(type)) return null;
  return type.replace(/^iso\s+/i, '');
}
