import type { ByteSource } from '../io/byte-source.js';
import { XenferryError } from '../model/errors.js';
import { BLOCK_BYTES, SECTOR_BYTES } from '../model/units.js';

/** What the headers of all sparse formats tell. */
export interface GrainHeader {
  readonly capacitySectors: number;
  readonly grainSectors: number;
}

/** vSphere's largest disk is 62 TiB; nothing above 64 TiB is a disk. */
export const MAX_CAPACITY_SECTORS = 2 ** 37;

/** Refuses a size that no disk has; `offset` is the field's. Throws VMDK_HEADER_INVALID. */
export function checkCapacity(capacitySectors: number, file: ByteSource, offset: number): void {
  if (capacitySectors <= MAX_CAPACITY_SECTORS) return;
  throw new XenferryError('VMDK_HEADER_INVALID', 'the capacity is above 64 TiB', { file: file.path, offset });
}

/** Refuses a grain that would need absurd buffers; `offset` is the field's. Throws VMDK_HEADER_INVALID. */
export function checkGrain(grainSectors: number, file: ByteSource, offset: number): void {
  const powerOfTwo = grainSectors > 0 && Number.isInteger(Math.log2(grainSectors));
  if (powerOfTwo && grainSectors * SECTOR_BYTES <= BLOCK_BYTES) return;
  throw new XenferryError(
    'VMDK_HEADER_INVALID',
    `a grain of ${grainSectors} sectors is not a power of two up to 2 MiB`,
    { file: file.path, offset },
  );
}
