/** Names older exporters write instead of an expression; all of them mean powers of two. */
const NAMED_UNITS: ReadonlyMap<string, number> = new Map([
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

/**
 * Bytes in one allocation unit, as `ovf:capacityAllocationUnits` and `rasd:AllocationUnits` spell it: a programmatic
 * unit such as `byte * 2^20` (DSP0004 2.5 annex C, any spacing) or a name such as `MegaBytes` (OVF 0.9 and 1.0).
 * Absent or empty means bytes (DSP0243 1.1 §9.1). Null when it is not a unit of size.
 */
export function bytesPerUnit(spelling: string | null): number | null {
  const compact = (spelling ?? '').replace(/\s+/g, '').toLowerCase();
  if (compact === '') return 1;
  const named = NAMED_UNITS.get(compact.replace(/(?<=byte)s$/, ''));
  if (named !== undefined) return named;
  const [base, ...factors] = compact.split('*');
  if (base !== 'byte' && base !== 'bytes') return null;
  let bytes = 1;
  for (const factor of factors) {
    const [, mantissa, exponent] = /^(\d{1,7})(?:\^(\d{1,2}))?$/.exec(factor) ?? [];
    if (mantissa === undefined) return null;
    bytes *= Number(mantissa) ** Number(exponent ?? '1');
  }
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : null;
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
