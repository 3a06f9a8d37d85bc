/** POSIX ustar member headers (IEEE Std 1003.1, pax Interchange, ustar). */
export const TAR_RECORD_BYTES = 512;
/** Largest size that eleven octal digits hold. */
const MAX_SIZE = 8 ** 11 - 1;

/** Header of a regular file; names up to 99 bytes of ASCII, no times or owners, so that it is reproducible. */
export function encodeTarHeader(name: string, size: number): Buffer {
  if (name.length > 99 || size > MAX_SIZE)
    throw new RangeError(`no ustar header for ${name} of ${size} bytes`);
  const header = Buffer.alloc(TAR_RECORD_BYTES);
  header.write(name, 0, 'latin1');
  header.write('0000644\0', 100, 'latin1');
  header.write('0000000\0', 108, 'latin1');
  header.write('0000000\0', 116, 'latin1');
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  header.write('00000000000\0', 136, 'latin1');
  header.write('0', 156, 'latin1');
  header.write('ustar\u000000', 257, 'latin1');
  sealTarHeader(header);
  return header;
}

/** Writes the checksum of a header whose other fields are final. */
export function sealTarHeader(header: Uint8Array): void {
  header.fill(0x20, 148, 156);
  let sum = 0;
  for (let i = 0; i < TAR_RECORD_BYTES; i++) sum += header[i] ?? 0;
  const digits = sum.toString(8).padStart(6, '0');
  for (let i = 0; i < 6; i++) header[148 + i] = digits.charCodeAt(i);
  header[154] = 0;
}

export interface TarMember {
  readonly name: string;
  readonly size: number;
}

/** Null when `header` is no valid ustar header of a regular file. */
export function decodeTarHeader(header: Buffer): TarMember | null {
  const declared = Number.parseInt(header.toString('latin1', 148, 156), 8);
  let sum = 0;
  for (let i = 0; i < TAR_RECORD_BYTES; i++) sum += i >= 148 && i < 156 ? 0x20 : (header[i] ?? 0);
  if (sum !== declared) return null;
  const type = header[156];
  if (type !== 0x30 && type !== 0) return null;
  const size = Number.parseInt(header.toString('latin1', 124, 136), 8);
  if (!Number.isSafeInteger(size)) return null;
  return { name: header.toString('latin1', 0, 100).replace(/\0.*$/s, ''), size };
}
