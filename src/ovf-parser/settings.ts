import { attribute, childrenNamed } from './xml-query.js';
import type { XmlElement } from './xml-tree.js';

/**
 * VMware's `vmw:Config` and `vmw:ExtraConfig` settings of a machine by lower-case key, and the UUID VirtualBox
 * keeps in its own `vbox:Machine` element. `vmw:Config` wins over `vmw:ExtraConfig`.
 */
export function machineSettings(
  system: XmlElement,
  hardware: XmlElement | null,
): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  const virtualBoxId = childrenNamed(system, 'Machine').map((machine) => attribute(machine, 'uuid'))[0];
  if (typeof virtualBoxId === 'string') settings.set('uuid', virtualBoxId);
  if (hardware === null) return settings;
  const elements = [...childrenNamed(hardware, 'ExtraConfig'), ...childrenNamed(hardware, 'Config')];
  for (const element of elements) {
    const key = attribute(element, 'key');
    if (key !== null) settings.set(key.toLowerCase(), attribute(element, 'value') ?? '');
  }
  return settings;
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
