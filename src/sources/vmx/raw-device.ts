import { SECTOR_BYTES } from '../../model/units.js';
import type { Disk, FileRange } from '../../model/virtual-machine.js';
import { readSmallRange } from '../../ovf-parser/index.js';

/** Descriptors of devices are a few hundred bytes. */
const MAX_DESCRIPTOR_BYTES = 64 * 1024;

/** Create types, in lower case, whose data is on a device ("Virtual Disk Format 1.1", createType). */
const VIRTUAL = new Set(['vmfsrdm', 'vmfsrawdevicemap']);
const PHYSICAL = new Set([
  'vmfsrdmp',
  'vmfspassthroughrawdevicemap',
  'vmfsraw',
  'fulldevice',
  'partitioneddevice',
]);

/** What the descriptor of a raw device tells of it; null when it is none. Throws SOURCE_*. */
export async function rawDeviceBehind(
  range: FileRange,
): Promise<Pick<Disk, 'rawDevice' | 'format' | 'capacityBytes'> | null> {
  if (range.length > MAX_DESCRIPTOR_BYTES) return null;
  const limit = { bytes: MAX_DESCRIPTOR_BYTES, code: 'VMDK_DESCRIPTOR_INVALID' } as const;
  const text = (await readSmallRange(range, limit)).toString('latin1');
  const format = /^\s*createType\s*=\s*"?(\w+)/im.exec(text)?.[1] ?? '';
  const rawDevice = deviceOf(format.toLowerCase());
  if (rawDevice === null) return null;
  const sectors = [...text.matchAll(/^RW (\d{1,12}) /gm)].map(([, count]) => Number(count));
  return { rawDevice, format, capacityBytes: sectors.reduce((sum, count) => sum + count, 0) * SECTOR_BYTES };
}

function deviceOf(createType: string): Disk['rawDevice'] {
  if (VIRTUAL.has(createType)) return 'virtual';
  return PHYSICAL.has(createType) ? 'physical' : null;
}
