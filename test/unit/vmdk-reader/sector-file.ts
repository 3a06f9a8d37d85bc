export const SECTOR = 512;

/** Bytes by grain number; `zeros` is an entry that says "zeros" without storing them. */
export type Grains = ReadonlyMap<number, Buffer | 'zeros'>;

/** A file that is put together sector by sector. */
export class SectorFile {
  readonly #parts: Buffer[] = [];
  #sectors = 0;

  /** Appends `bytes`, padded to whole sectors; returns the first sector. */
  append(bytes: Buffer): number {
    const sector = this.#sectors;
    const padded = Buffer.alloc(Math.ceil(bytes.length / SECTOR) * SECTOR);
    bytes.copy(padded);
    this.#parts.push(padded);
    this.#sectors += padded.length / SECTOR;
    return sector;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

/** A table or directory of 32-bit entries, little-endian. */
export function entries32(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, index * 4);
  return bytes;
}

/** A table or directory of 64-bit entries, little-endian. */
export function entries64(values: readonly bigint[]): Buffer {
  const bytes = Buffer.alloc(values.length * 8);
  for (const [index, value] of values.entries()) bytes.writeBigUInt64LE(value, index * 8);
  return bytes;
}

/** `0, 1, ..., count - 1` through `make`. */
export function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}
