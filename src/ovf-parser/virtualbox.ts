import { attribute, childrenNamed } from './xml-query.js';
import type { XmlElement } from './xml-tree.js';

/** What VirtualBox keeps in an element of its own (`vbox:Machine`) rather than in the standard's. */
export interface VirtualBoxMachine {
  readonly uuid: string | null;
  readonly efi: boolean;
}

export function virtualBoxMachine(system: XmlElement): VirtualBoxMachine {
  const [machine] = childrenNamed(system, 'Machine');
  if (machine === undefined) return { uuid: null, efi: false };
  const firmware = childrenNamed(machine, 'Hardware').flatMap((hardware) =>
    childrenNamed(hardware, 'Firmware'),
  );
  return {
    uuid: attribute(machine, 'uuid'),
    efi: firmware.some((element) => /^efi/i.test(attribute(element, 'type') ?? '')),
  };
}
