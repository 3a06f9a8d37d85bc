import { fixupsOf } from '../../src/guests/fixups/all-fixups.js';
import type { Fixup, FixupOutcome, InspectedGuest } from '../../src/guests/fixups/fixup.js';
import type { MemoryFiles } from './memory-files.js';

/** The fixup of an id; throws when there is none. */
export function fixup(id: string): Fixup {
  const [found] = fixupsOf({ id: 'test', fixups: [id] });
  if (found === undefined) throw new Error(`no fixup ${id}`);
  return found;
}

/** Runs a fixup twice: the second run must find nothing to do. */
export async function runTwice(
  id: string,
  { guest, files }: { readonly guest: InspectedGuest; readonly files: MemoryFiles },
  toolsFolder: string | null = null,
): Promise<FixupOutcome> {
  const outcome = await fixup(id).run(guest, files, { toolsFolder });
  const before = files.changes.length;
  await fixup(id).run(guest, files, { toolsFolder });
  const again = files.changes.slice(before);
  if (again.length > 0) throw new Error(`${id} changed ${again.join(', ')} again`);
  return outcome;
}
