/** Flag of keys whose names are stored in one byte a character. */
export const COMPRESSED_KEY = 0x20;
/** The same of values. */
export const COMPRESSED_VALUE = 1;

/** How names are compared and sorted: one UTF-16 unit for another, so ß stays. */
export function folded(name: string): string {
  const upper = name.toUpperCase();
  if (upper.length === name.length) return upper;
  return Array.from({ length: name.length }, (_, at) => {
    const unit = name.charAt(at).toUpperCase();
    return unit.length === 1 ? unit : name.charAt(at);
  }).join('');
}

export function decodeName(bytes: Buffer, compressed: boolean): string {
  return compressed ? bytes.toString('latin1') : bytes.toString('utf16le', 0, bytes.length & ~1);
}

export function encodeName(name: string): { readonly bytes: Buffer; readonly compressed: boolean } {
  const compressed = [...name].every((character) => character <= '\u00ff');
  return { bytes: Buffer.from(name, compressed ? 'latin1' : 'utf16le'), compressed };
}

/** The hash by which `lh` lists find names. */
export function nameHash(name: string): number {
  let hash = 0;
  for (const unit of utf16Units(folded(name))) hash = (Math.imul(hash, 37) + unit) >>> 0;
  return hash;
}

function* utf16Units(text: string): Generator<number> {
  for (let at = 0; at < text.length; at += 1) yield text.charCodeAt(at);
}
