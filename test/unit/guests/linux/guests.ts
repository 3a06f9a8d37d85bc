import type { InspectedGuest } from '../../../../src/guests/fixups/fixup.js';
import { testNic } from '../../../support/machines.js';

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
