import { type Disk, type DiskMode, UNTOLD_DISK } from '../../model/virtual-machine.js';
import type { Row } from './read-tab.js';
import type { VDISK } from './tabs.js';

type DiskFields = Row<(typeof VDISK)['columns']>;

const MODES: ReadonlySet<string> = new Set<DiskMode>([
  'persistent',
  'nonpersistent',
  'independent_persistent',
  'independent_nonpersistent',
  'undoable',
  'append',
]);

/** vSphere's names of controllers and RVTools' own, the telling part of each; the first that fits counts. */
const CONTROLLERS = [
  [/para\s*virtual|pvscsi/i, 'pvscsi'],
  [/nvme/i, 'nvme'],
  [/lsi\s*logic.*sas/i, 'lsilogicsas'],
  [/bus\s*logic/i, 'buslogic'],
  [/ahci|sata/i, 'ahci'],
  [/\bide\b|idecontroller/i, 'ide'],
] as const;

/**
 * The disks of a machine, without their bytes. RVTools tells what the machine has in use as a whole; each disk has the
 * part of it that falls to its size, and no more than its size.
 */
export function listDisks(rows: readonly DiskFields[], inUseBytes: number | null): readonly Disk[] {
  const total = rows.reduce((sum, { capacity }) => sum + (capacity ?? 0), 0);
  return rows.map((fields, index): Disk => {
    const capacityBytes = fields.capacity ?? 0;
    const share =
      total === 0 || inUseBytes === null ? null : Math.round((inUseBytes * capacityBytes) / total);
    return {
      ...UNTOLD_DISK,
      capacityBytes,
      format: '',
      file: fields.path ?? fields.label ?? '',
      controller: controllerKind(fields),
      bus: Number(/(\d+)\s*$/.exec(fields.controllerLabel ?? fields.controller ?? '')?.[1] ?? 0),
      unit: fields.unit ?? index,
      location: null,
      usedBytes: share === null ? null : Math.min(share, capacityBytes),
      mode: diskMode(fields.mode),
      rawDevice: rawDevice(fields),
      shared: isShared(fields),
      thin: fields.thin,
      datastore: /^\[([^\]]+)\]/.exec(fields.path ?? '')?.[1] ?? null,
      key: fields.key,
    };
  });
}

function controllerKind({ controller, controllerLabel }: DiskFields): string {
  const text = `${controller ?? ''} ${controllerLabel ?? ''}`;
  return CONTROLLERS.find(([pattern]) => pattern.test(text))?.[1] ?? 'lsilogic';
}

function diskMode(text: string | null): DiskMode {
  const mode = (text ?? '').toLowerCase();
  return isMode(mode) ? mode : 'persistent';
}

function isMode(mode: string): mode is DiskMode {
  return MODES.has(mode);
}

/** Where the mode is not told the stricter one is assumed, which no export holds. */
function rawDevice({ raw, rawMode }: DiskFields): Disk['rawDevice'] {
  if (raw !== true) return null;
  return /virtual/i.test(rawMode ?? '') ? 'virtual' : 'physical';
}

/** `sharingMultiWriter` of the disk; `physicalSharing` or `virtualSharing` of its controller. */
function isShared({ sharing, sharedBus }: DiskFields): boolean {
  return /multiwriter/i.test(sharing ?? '') || /^(?:physical|virtual)/i.test(sharedBus ?? '');
}
