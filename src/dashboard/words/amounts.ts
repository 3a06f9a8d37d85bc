import { GIB, KIB, MIB } from '../../model/units.js';

const UNITS = [
  { text: 'PiB', bytes: GIB * MIB },
  { text: 'TiB', bytes: GIB * KIB },
  { text: 'GiB', bytes: GIB },
  { text: 'MiB', bytes: MIB },
  { text: 'KiB', bytes: KIB },
] as const;

/** `40.1 TiB`, `118 GiB`, `512 B`. */
export function size(bytes: number): string {
  const unit = UNITS.find((each) => bytes >= each.bytes);
  if (unit === undefined) return `${Math.round(bytes)} B`;
  const value = bytes / unit.bytes;
  return `${value >= 100 ? value.toFixed(0) : value.toFixed(1).replace(/\.0$/, '')} ${unit.text}`;
}

/** `412 MiB/s`; a dash for nothing. */
export function rate(bytesPerSecond: number): string {
  return bytesPerSecond <= 0 ? '–' : `${size(bytesPerSecond)}/s`;
}

/** `3 h 05 min`, `12 min`, `40 s`; milliseconds. */
export function span(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, '0')} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `1 machine`, `12 machines`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${whole(number)} ${number === 1 ? one : many}`;
}

const WHOLE = new Intl.NumberFormat('en-GB');

/** `10,000`. */
export function whole(number: number): string {
  return WHOLE.format(number);
}

/** Of `whole`, from 0 to 100; all of nothing is 100. Not 100 before all is there. */
export function percent(part: number, all: number): number {
  if (all <= 0) return 100;
  const share = (100 * Math.min(part, all)) / all;
  return part < all ? Math.min(99, Math.floor(share)) : 100;
}
