const REVERSED_POLYNOMIAL = 0xedb8_8320;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = (value >>> 1) ^ (value & 1 ? REVERSED_POLYNOMIAL : 0);
  return value;
});

/** The register of the CRC-32 of IEEE 802.3 after `bytes`, from `register`; nothing is inverted. */
export function crc32Register(bytes: Uint8Array, register: number): number {
  let value = register;
  for (const byte of bytes) value = (value >>> 8) ^ (TABLE[(value ^ byte) & 0xff] ?? 0);
  return value >>> 0;
}

/** CRC-32 as GPT has it. */
export function crc32(bytes: Uint8Array): number {
  return ~crc32Register(bytes, 0xffff_ffff) >>> 0;
}
