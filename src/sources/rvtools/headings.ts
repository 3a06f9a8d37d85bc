import { GIB, KIB, MIB } from '../../model/units.js';

export interface Heading {
  /** Without unit, blanks and case: what is compared. */
  readonly name: string;
  /** Bytes; those of a MiB where it names none, RVTools' own unit. */
  readonly unit: number;
}

/** Old versions write "MB" where newer ones write "MiB", and mean the same. */
const UNITS: Readonly<Record<string, number>> = { b: 1, k: KIB, m: MIB, g: GIB, t: 1024 * GIB };

const UNIT = /(?:^|[\s_]+)[([]?(?:([kmgt])i?b|(b)ytes)[)\]]?(?=$|[\s_])/i;

/** Takes a heading such as `Capacity MiB`, `capacity (GB)` or `In_Use MB` apart. */
export function parseHeading(text: string): Heading {
  const found = UNIT.exec(text);
  const letter = (found?.[1] ?? found?.[2] ?? 'm').toLowerCase();
  return { name: headingName(text.replace(UNIT, ' ')), unit: UNITS[letter] ?? MIB };
}

/** A heading as it is compared: those who write like RVTools differ in blanks, case and brackets. */
export function headingName(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}#%]/gu, '');
}
