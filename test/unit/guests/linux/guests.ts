import type { Fixup, FixupOutcome, InspectedGuest } from '../../../../src/guests/fixups/fixup.js';
import { linuxFixups } from '../../../../src/guests/fixups/linux/index.js';
import { testNic } from '../../../support/machines.js';
import type { MemoryFiles } from '../../../support/memory-files.js';

export function linuxGuest(changes: Partial<InspectedGuest> = {}): InspectedGuest {
  return {
    family: 'linux',
    distribution: 'debian',
    version: '12',
    title: 'Debian GNU/Linux 12',
    architecture: 'x86_64',
    firmware: 'bios',
    nics: [testNic()],
    fileSystems: [],
    ...changes,
  };
}

export function fixup(id: string): Fixup {
  const found = linuxFixups.find((other) => other.id === id);
  if (found === undefined) throw new Error(`no fixup ${id}`);
  return found;
}

/** Runs a fixup twice: the second run must find nothing to do. */
export async function runTwice(
  id: string,
  guest: InspectedGuest,
  files: MemoryFiles,
  toolsFolder: string | null = null,
): Promise<FixupOutcome> {
  const outcome = await fixup(id).run(guest, files, { toolsFolder });
  const before = files.changes.length;
  await fixup(id).run(guest, files, { toolsFolder });
  const again = files.changes.slice(before);
  if (again.length > 0) throw new Error(`${id} changed ${again.join(', ')} again`);
  return outcome;
}
