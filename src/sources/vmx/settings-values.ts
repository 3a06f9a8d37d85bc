import type { VmxSettings } from './vmx-parser.js';

/** A setting's text; null when it is absent or empty. Keys in any letter case. */
export function textOf(settings: VmxSettings, key: string): string | null {
  const value = settings.get(key.toLowerCase())?.trim();
  return value === undefined || value === '' ? null : value;
}

/** A boolean setting; null when it is absent. */
export function flagOf(settings: VmxSettings, key: string): boolean | null {
  const value = textOf(settings, key);
  return value === null ? null : /^(true|yes|on|1)$/i.test(value);
}

/** A positive integer setting; null when it is absent or no such number. */
export function countOf(settings: VmxSettings, key: string): number | null {
  const value = textOf(settings, key);
  return value !== null && /^[1-9]\d{0,8}$/.test(value) ? Number(value) : null;
}
