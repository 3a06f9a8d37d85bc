import { textOf } from './settings-values.js';
import type { VmxSettings } from './vmx-parser.js';

/**
 * The guest system in the words of VMware Tools, which leave `prettyName='Debian 12' distroVersion='12' ...` in the
 * .vmx; null when they left nothing.
 */
export function reportedOs(settings: VmxSettings): string | null {
  const data = textOf(settings, 'guestInfo.detailed.data') ?? textOf(settings, 'guestOS.detailed.data') ?? '';
  const words = new Map<string, string>();
  for (const [, name, value] of data.matchAll(/\b(\w{1,64})='((?:[^'\\]|\\.)*)'/g)) {
    words.set((name ?? '').toLowerCase(), (value ?? '').replace(/\\(.)/g, '$1').trim());
  }
  const named = words.get('prettyname') ?? '';
  if (named !== '') return named;
  const family = words.get('distroname') || words.get('familyname') || '';
  return family === '' ? null : `${family} ${words.get('distroversion') ?? ''}`.trim();
}
