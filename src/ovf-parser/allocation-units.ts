/** Names older exporters write instead of an expression; all of them mean powers of two. */
const NAMED_SIZES: ReadonlyMap<string, number> = new Map([
  ['b', 1],
  ['kb', 2 ** 10],
  ['kib', 2 ** 10],
  ['kilobyte', 2 ** 10],
  ['kibibyte', 2 ** 10],
  ['mb', 2 ** 20],
  ['mib', 2 ** 20],
  ['megabyte', 2 ** 20],
  ['mebibyte', 2 ** 20],
  ['gb', 2 ** 30],
  ['gib', 2 ** 30],
  ['gigabyte', 2 ** 30],
  ['gibibyte', 2 ** 30],
  ['tb', 2 ** 40],
  ['tib', 2 ** 40],
  ['terabyte', 2 ** 40],
  ['tebibyte', 2 ** 40],
]);

const NAMED_FREQUENCIES: ReadonlyMap<string, number> = new Map([
  ['hz', 1],
  ['khz', 10 ** 3],
  ['kilohertz', 10 ** 3],
  ['mhz', 10 ** 6],
  ['megahertz', 10 ** 6],
  ['ghz', 10 ** 9],
  ['gigahertz', 10 ** 9],
]);

/**
 * Bytes in one allocation unit, as `ovf:capacityAllocationUnits` and `rasd:AllocationUnits` spell it: a programmatic
 * unit such as `byte * 2^20` (DSP0004 2.5 annex C, any spacing) or a name such as `MegaBytes` (OVF 0.9 and 1.0).
 * Absent or empty means bytes (DSP0243 1.1 §9.1). Null when it is not a unit of size.
 */
export function bytesPerUnit(spelling: string | null): number | null {
  const compact = compacted(spelling);
  if (compact === '') return 1;
  return NAMED_SIZES.get(compact.replace(/(?<=byte)s$/, '')) ?? scaleOf(compact, /^bytes?$/);
}

/**
 * `amount` allocation units in bytes. Null when the amount is not a decimal number, the unit is not one of size, or
 * the result is not a whole number of bytes below 2^53.
 */
export function sizeInBytes(amount: string | null, units: string | null): number | null {
  const unit = bytesPerUnit(units);
  if (amount === null || unit === null || !/^\d{1,16}(\.\d{1,6})?$/.test(amount)) return null;
  const bytes = Number(amount) * unit;
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/**
 * `amount` allocation units in whole megahertz; without a unit they are megahertz, as VMware reserves them. Null when
 * the amount is no integer or the unit is not one of frequency.
 */
export function megahertz(amount: string | null, units: string | null): number | null {
  const compact = compacted(units);
  const hertz = compact === '' ? 10 ** 6 : (NAMED_FREQUENCIES.get(compact) ?? scaleOf(compact, /^hertz$/));
  if (amount === null || hertz === null || !/^\d{1,16}$/.test(amount)) return null;
  const result = Math.round((Number(amount) * hertz) / 10 ** 6);
  return Number.isSafeInteger(result) ? result : null;
}

function compacted(spelling: string | null): string {
  return (spelling ?? '').replace(/\s+/g, '').toLowerCase();
}

/** The factor before the base of a programmatic unit: 2^20 of `byte*2^20`; null when it is no unit of that base. */
function scaleOf(compact: string, isBase: RegExp): number | null {
  const [base, ...factors] = compact.split('*');
  if (base === undefined || !isBase.test(base)) return null;
  let scale = 1;
  for (const factor of factors) {
    const [, mantissa, exponent] = /^(\d{1,7})(?:\^(\d{1,2}))?$/.exec(factor) ?? [];
    if (mantissa === undefined) return null;
    scale *= Number(mantissa) ** Number(exponent ?? '1');
  }
  return Number.isSafeInteger(scale) && scale > 0 ? scale : null;
}
