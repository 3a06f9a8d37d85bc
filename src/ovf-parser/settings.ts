import { attribute, booleanOf, childrenNamed } from './xml-query.js';
import type { XmlElement } from './xml-tree.js';

/** VMware's `vmw:Config` and `vmw:ExtraConfig` settings by lower-case key. */
export type Settings = ReadonlyMap<string, string>;

const MAX_SETTINGS = 500;
const MAX_VALUE_BYTES = 4096;

/** User data of cloud-init holds passwords as a rule, so it counts as one. */
const SECRET_KEY = /passw|secret|credential|private.?key|token|userdata/i;

/** The settings that stand in a hardware section or one of its items; `vmw:Config` wins over `vmw:ExtraConfig`. */
export function settingsIn(element: XmlElement): Settings {
  const settings = new Map<string, string>();
  for (const setting of [...childrenNamed(element, 'ExtraConfig'), ...childrenNamed(element, 'Config')]) {
    const key = attribute(setting, 'key');
    if (key !== null) settings.set(key.toLowerCase(), attribute(setting, 'value') ?? '');
  }
  return settings;
}

/** The first of these settings that is there and not empty; null without. */
export function settingOf(settings: Settings, ...keys: readonly string[]): string | null {
  for (const key of keys) {
    const value = settings.get(key);
    if (value !== undefined && value !== '') return value;
  }
  return null;
}

/** A boolean setting; null when none of the keys is there. */
export function flagOf(settings: Settings, ...keys: readonly string[]): boolean | null {
  const value = settingOf(settings, ...keys);
  return value === null ? null : booleanOf(value) || /^(yes|on)$/i.test(value);
}

/** The settings to keep with a machine: at most 500, of at most 4 KiB each, none with a secret. */
export function tellingSettings(settings: Settings): Settings {
  const telling = [...settings].filter(
    ([key, value]) => !holdsSecret(key) && Buffer.byteLength(value) <= MAX_VALUE_BYTES,
  );
  return new Map(telling.slice(0, MAX_SETTINGS));
}

/** Whether a setting or property of this name is better not shown. */
export function holdsSecret(key: string): boolean {
  return SECRET_KEY.test(key);
}

/**
 * A UUID in lower case with dashes, from `{...}`, plain or VMX spelling (`56 4d 4a ... 8c 0b-9e 5d ...`);
 * null when it is none.
 */
export function normalizeUuid(text: string): string | null {
  const digits = text.replace(/[\s{}-]/g, '').toLowerCase();
  const groups = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/.exec(digits);
  return groups === null ? null : groups.slice(1).join('-');
}
