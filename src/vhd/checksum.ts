/** One's complement of the byte sum, as VHD footers, headers and batmaps carry it; the field itself must be zero. */
export function vhdChecksum(bytes: Uint8Array): number {
  let sum = 0;
  for (const byte of bytes) sum += byte;
  return ~sum >>> 0;
}

/** Whether the big-endian checksum at `offset` of a structure fits the rest of it. */
export function checksumFits(structure: Buffer, offset: number): boolean {
  const copy = Buffer.from(structure);
  copy.writeUInt32BE(0, offset);
  return vhdChecksum(copy) === structure.readUInt32BE(offset);
}
