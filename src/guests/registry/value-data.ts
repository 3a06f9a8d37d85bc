/** Registry value types (winnt.h). */
export const REG_SZ = 1;
export const REG_EXPAND_SZ = 2;
export const REG_BINARY = 3;
const REG_DWORD = 4;
const REG_MULTI_SZ = 7;

/** A value's data as stored. */
export interface ValueData {
  readonly type: number;
  readonly data: Buffer;
}

export function dwordData(value: number): ValueData {
  const data = Buffer.alloc(4);
  data.writeUInt32LE(value >>> 0);
  return { type: REG_DWORD, data };
}

export function stringData(text: string, type: typeof REG_SZ | typeof REG_EXPAND_SZ): ValueData {
  return { type, data: Buffer.from(`${text}\0`, 'utf16le') };
}

export function multiData(texts: readonly string[]): ValueData {
  return {
    type: REG_MULTI_SZ,
    data: Buffer.from(`${texts.map((text) => `${text}\0`).join('')}\0`, 'utf16le'),
  };
}

/** Null for what is no number. */
export function asDword({ type, data }: ValueData): number | null {
  return type === REG_DWORD && data.length >= 4 ? data.readUInt32LE(0) : null;
}

/** Up to the first zero, which some programs leave out; null for what is no text. */
export function asString({ type, data }: ValueData): string | null {
  if (type !== REG_SZ && type !== REG_EXPAND_SZ) return null;
  return data.toString('utf16le', 0, data.length & ~1).split('\0', 1)[0] ?? '';
}

/** The texts that are not empty; a single text counts as a list of one, as Windows takes it. */
export function asStrings(value: ValueData): readonly string[] | null {
  const single = asString(value);
  if (single !== null) return single === '' ? [] : [single];
  if (value.type !== REG_MULTI_SZ) return null;
  const text = value.data.toString('utf16le', 0, value.data.length & ~1);
  return text.split('\0').filter((item) => item !== '');
}
