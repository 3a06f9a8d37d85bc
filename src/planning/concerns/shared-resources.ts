import type { PlannedMachine } from '../../model/plan.js';
import { type Disk, diskParts, type VirtualMachine } from '../../model/virtual-machine.js';

/** Which machines of a plan have the same address, disk file, name or UUID; each lookup costs the same. */
export class SharedResources {
  readonly #macs = new Map<string, PlannedMachine[]>();
  readonly #files = new Map<string, PlannedMachine[]>();
  readonly #names = new Map<string, PlannedMachine[]>();
  readonly #uuids = new Map<string, PlannedMachine[]>();

  constructor(machines: readonly PlannedMachine[]) {
    for (const planned of machines) {
      const { machine, nics, name } = planned;
      for (const mac of new Set(nics.map((nic) => nic.mac))) note(this.#macs, mac, planned);
      for (const file of new Set(machine.disks.map((disk) => fileKey(machine, disk))))
        note(this.#files, file, planned);
      note(this.#names, name.toLowerCase(), planned);
      note(this.#uuids, machine.uuid, planned);
    }
  }

  /** Names of the other machines with a network card of this address. */
  withMac(mac: string | null, planned: PlannedMachine): readonly string[] {
    return others(this.#macs, mac, planned);
  }

  /** Names of the other machines with a disk in the same file. */
  withFile(disk: Disk, planned: PlannedMachine): readonly string[] {
    return others(this.#files, fileKey(planned.machine, disk), planned);
  }

  /** Ids of the other machines that get the same name, letter case apart. */
  withName(planned: PlannedMachine): readonly string[] {
    return others(this.#names, planned.name.toLowerCase(), planned, ({ machine }) => machine.id);
  }

  /** Names of the other machines with the same BIOS UUID. */
  withUuid(planned: PlannedMachine): readonly string[] {
    return others(this.#uuids, planned.machine.uuid, planned);
  }

  /** Names that several machines get, each with how many there are. */
  repeatedNames(): { name: string; machines: number }[] {
    return [...this.#names.values()].flatMap((owners) =>
      owners[0] === undefined || owners.length < 2 ? [] : [{ name: owners[0].name, machines: owners.length }],
    );
  }
}

/** Names that are passed on; more would make a hostile inventory quadratic. */
const MAX_OTHERS = 10;

function note(owners: Map<string, PlannedMachine[]>, key: string | null, planned: PlannedMachine): void {
  if (key === null) return;
  const known = owners.get(key);
  if (known === undefined) owners.set(key, [planned]);
  else known.push(planned);
}

function others(
  owners: ReadonlyMap<string, readonly PlannedMachine[]>,
  key: string | null,
  planned: PlannedMachine,
  called: (other: PlannedMachine) => string = ({ name }) => name,
): readonly string[] {
  const known = key === null ? undefined : owners.get(key);
  if (known === undefined || known.length === 1) return [];
  const found: string[] = [];
  for (const other of known) {
    if (other === planned) continue;
    if (found.length === MAX_OTHERS) break;
    found.push(called(other));
  }
  return found;
}

/** A disk's file where the name means the same to all machines; null where it is only a name in some folder. */
function fileKey({ server }: VirtualMachine, disk: Disk): string | null {
  const range = diskParts(disk)[0]?.range;
  const { file } = disk;
  if (range !== undefined) return `${range.path}\n${range.offset}`;
  return file.startsWith('[') ? `${server ?? ''}\n${file}` : null;
}
