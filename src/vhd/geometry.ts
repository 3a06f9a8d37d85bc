import { SECTOR_BYTES } from '../model/units.js';

export interface VhdGeometry {
  readonly cylinders: number;
  readonly heads: number;
  readonly sectorsPerTrack: number;
}

const MAX_CYLINDERS = 65_535;

/**
 * CHS geometry of a disk of `sizeBytes`, as the VHD specification's appendix computes it.
 * XenServer's checker refuses a footer whose geometry is above this.
 */
export function vhdGeometry(sizeBytes: number): VhdGeometry {
  const sectors = Math.min(Math.floor(sizeBytes / SECTOR_BYTES), MAX_CYLINDERS * 16 * 255);
  if (sectors >= MAX_CYLINDERS * 16 * 63) return geometry(sectors, 16, 255);
  const tracks = Math.floor(sectors / 17);
  const heads = Math.max(4, Math.ceil(tracks / 1024));
  if (tracks < heads * 1024 && heads <= 16) return geometry(sectors, heads, 17);
  if (Math.floor(sectors / 31) < 16 * 1024) return geometry(sectors, 16, 31);
  return geometry(sectors, 16, 63);
}

function geometry(sectors: number, heads: number, sectorsPerTrack: number): VhdGeometry {
  return { cylinders: Math.floor(Math.floor(sectors / sectorsPerTrack) / heads), heads, sectorsPerTrack };
}
