import { MIB } from '../../../src/model/units.js';
import type { Nic, VirtualMachine } from '../../../src/model/virtual-machine.js';
import type { SimulatedVcenter } from '../../support/simulated-vcenter.js';
import { loggedIn, type VcenterCaller } from '../../support/vcenter-caller.js';
import { createPortGroup } from '../../support/vcenter-estate.js';
import {
  createMachines,
  type DiskController,
  type MachineNic,
  type MachineSpec,
} from '../../support/vcenter-machines.js';

const STANDARD_NETWORK = 'VM Network';
const FIRST_VLAN = 100;

/** The inventory's words for controllers. */
const CONTROLLERS: ReadonlyMap<string, DiskController> = new Map([
  ['pvscsi', 'pvscsi'],
  ['lsilogic', 'lsilogic'],
  ['lsilogicsas', 'lsisas'],
  ['buslogic', 'buslogic'],
  ['ahci', 'sata'],
  ['nvme', 'nvme'],
  ['ide', 'ide'],
]);

const NICS: ReadonlyMap<string, string> = new Map([
  ['vmxnet3', 'VirtualVmxnet3'],
  ['e1000', 'VirtualE1000'],
  ['e1000e', 'VirtualE1000e'],
  ['pcnet32', 'VirtualPCNet32'],
]);

export interface MachineLike {
  readonly machine: VirtualMachine;
  /** Raw files of its disks, in order. */
  readonly contents: readonly string[];
  /** Started, with VMware Tools that shut it down when told to. */
  readonly running: boolean;
}

/** Makes machines in a simulated vCenter that are like those of exports; their networks are made as they come. */
export async function machineMaker(vcenter: SimulatedVcenter): Promise<(like: MachineLike) => Promise<void>> {
  const caller = await loggedIn(vcenter);
  const networks = new Map<string, MachineNic['network']>();
  return async ({ machine, contents, running }) => {
    const { name, guestOs, firmware, secureBoot, cpus, memoryBytes } = machine;
    const disks = machine.disks.map(({ controller, capacityBytes: capacity }, index) => {
      const known = CONTROLLERS.get(controller) ?? 'lsilogic';
      const content = contents[index];
      return { capacity, controller: known, ...(content === undefined ? {} : { content }) };
    });
    const nics: MachineNic[] = [];
    for (const nic of machine.nics)
      nics.push(nicLike(nic, await networkCalled(nic.network, networks, caller)));
    const memoryMiB = Math.floor(memoryBytes / MIB);
    const facts = { name, guestId: guestOs, firmware, secureBoot, cpus, memoryMiB };
    await createMachines(vcenter, caller, [
      { ...facts, disks, nics, ...(running ? runningGuest(machine) : {}) },
    ]);
  };
}

/** With addresses of the range that is kept for documentation. */
function runningGuest({
  name,
  nics,
}: VirtualMachine): Pick<MachineSpec, 'running' | 'tools' | 'hostName' | 'addresses'> {
  const addresses = nics.map((_, index) => [`192.0.2.${10 + index}/24`]);
  return { running: true, tools: true, hostName: name, addresses };
}

function nicLike({ adapter, mac, connected }: Nic, network: MachineNic['network']): MachineNic {
  const model = NICS.get(adapter) ?? 'VirtualVmxnet3';
  return {
    model,
    connected,
    ...(mac === null ? {} : { mac }),
    ...(network === undefined ? {} : { network }),
  };
}

/** One that is there from the start, or a distributed port group. */
async function networkCalled(
  name: string,
  known: Map<string, MachineNic['network']>,
  caller: VcenterCaller,
): Promise<MachineNic['network']> {
  if (name === STANDARD_NETWORK) return name;
  const found = known.get(name);
  if (found !== undefined) return found;
  const { ref, switchUuid } = await createPortGroup(caller, name, FIRST_VLAN + known.size);
  const made = { portGroup: ref.value, switchUuid };
  known.set(name, made);
  return made;
}
