/** One's complement of the byte sum, as VHD footers, headers and batmaps carry it; the field itself must be zero. */
export function vhdChecksum(bytes: Uint8Array): number {
  let sum = 0;
  for (const byte of bytes) sum += byte;
  return ~sum >>> 0;
}
