import { XenferryError } from '../model/errors.js';
import type { TarPlace } from './tar-header.js';

/** What a pax header overrides in the header after it. */
export interface PaxOverrides {
  readonly path?: string;
  readonly size?: number;
}

/**
 * Reads the `path` and `size` records of a pax extended header: `<length> <key>=<value>\n`, where the length counts
 * the whole record in bytes (POSIX.1-2001 pax, "pax Extended Header"). Throws OVA_MALFORMED when one is broken.
 */
export function parsePaxRecords(data: Buffer, place: TarPlace): PaxOverrides {
  let overrides: PaxOverrides = {};
  let position = 0;
  while (position < data.length && data[position] !== 0) {
    const space = data.indexOf(0x20, position);
    const length = Number(data.toString('latin1', position, Math.max(space, position)));
    const end = position + length;
    const whole = space >= position && Number.isSafeInteger(length) && end > space + 1 && end <= data.length;
    if (!whole || data[end - 1] !== 0x0a) {
      throw new XenferryError('OVA_MALFORMED', 'a pax header is broken', place);
    }
    overrides = { ...overrides, ...override(data.toString('utf8', space + 1, end - 1), place) };
    position = end;
  }
  return overrides;
}

function override(record: string, place: TarPlace): PaxOverrides {
  const equals = record.indexOf('=');
  const key = record.slice(0, Math.max(equals, 0));
  const value = record.slice(equals + 1);
  if (key === 'path') return { path: value };
  if (key !== 'size') return {};
  const size = Number(value);
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(size)) {
    throw new XenferryError('OVA_MALFORMED', 'a pax header has a bad size', place);
  }
  return { size };
}
