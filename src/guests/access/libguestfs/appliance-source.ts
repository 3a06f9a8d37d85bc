import { readFile } from 'node:fs/promises';
import type { ByteSource } from '../../../io/byte-source.js';
import { XenferryError } from '../../../model/errors.js';
import type { Appliance } from './appliance.js';

/** A block device that only the appliance has: a RAID, an open LUKS volume, a logical volume. */
export async function openApplianceDevice(appliance: Appliance, device: string): Promise<ByteSource> {
  const length = Number((await appliance.must('blockdev-getsize64', [device])).toString());
  if (!Number.isSafeInteger(length)) {
    throw new XenferryError('GUEST_UNREADABLE', `${device} has no size`);
  }
  return {
    path: device,
    length,
    read: async (target, start, count, offset) => {
      const bytes = await appliance.throughFile(async (path) => {
        await appliance.must('download-offset', [device, path, String(offset), String(count)]);
        return await readFile(path);
      });
      if (bytes.length !== count) {
        throw new XenferryError('GUEST_UNREADABLE', `${device} ends before its size`, { offset });
      }
      target.set(bytes, start);
    },
    close: () => {},
  };
}
