import type { VmxSettings } from './vmx-parser.js';

/** A setting's text; null when it is absent or empty. Keys in any letter case. */
export function textOf(settings: VmxSettings, key: string): string | null {
  const value = settings.get(key.toLowerCase())?.trim();
  return value === undefined || value === '' ? null : value;
}

/** A boolean setting; null when it is absent. */
export function flagOf(settings: VmxSettings, key: string): boolean | null {
  const value = textOf(settings, key);
  return value === null ? null : /^(true|t|yes|y|on|1)$/i.test(value);
}

/** A positive integer setting; null when it is absent or no such number. */
export function countOf(settings: VmxSettings, key: string): number | null {
  const value = textOf(settings, key);
  return value !== null && /^[1-9]\d{0,8}$/.test(value) ? Number(value) : null;
}

/** An integer setting that may be 0; null when it is absent or no such number. */
export function amountOf(settings: VmxSettings, key: string): number | null {
  const value = textOf(settings, key);
  return value !== null && /^\d{1,9}$/.test(value) ? Number(value) : null;
}

/** The numbers N, ascending, for which the device `nameN` is present; `name` in lower case, at most 1000 of them. */
export function presentNumbers(settings: VmxSettings, name: string): readonly number[] {
  const key = new RegExp(`^${name}(0|[1-9]\\d{0,2})\\.present$`);
  return [...settings.keys()]
    .flatMap((setting) => key.exec(setting)?.[1] ?? [])
    .map(Number)
    .filter((number) => flagOf(settings, `${name}${number}.present`) === true)
    .sort((a, b) => a - b);
}
