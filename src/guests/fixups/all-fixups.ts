import { XenferryError } from '../../model/errors.js';
import type { Profile } from '../profiles/index.js';
import type { Fixup } from './fixup.js';
import { linuxFixups } from './linux/index.js';
import { windowsFixups } from './windows/index.js';

const BY_ID: ReadonlyMap<string, Fixup> = new Map(
  [...linuxFixups, ...windowsFixups].map((fixup) => [fixup.id, fixup]),
);

/** The fixups that a profile names, in its order. Throws PROFILE_INVALID for one that there is not. */
export function fixupsOf({ id, fixups }: Pick<Profile, 'id' | 'fixups'>): Fixup[] {
  return fixups.map((name) => {
    const fixup = BY_ID.get(name);
    if (fixup === undefined) throw new XenferryError('PROFILE_INVALID', `${id}: there is no fixup ${name}`);
    return fixup;
  });
}
