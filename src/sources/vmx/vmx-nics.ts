import { type Nic, UNTOLD_NIC } from '../../model/virtual-machine.js';
import { normalizeMac } from '../../ovf-parser/index.js';
import { flagOf, textOf } from './settings-values.js';
import type { VmxSettings } from './vmx-parser.js';

/** The network adapters that are present, by their number. */
export function vmxNics(settings: VmxSettings): readonly Nic[] {
  return adapterNumbers(settings)
    .filter((number) => flagOf(settings, `ethernet${number}.present`) === true)
    .map((number) => readNic(settings, `ethernet${number}`));
}

function adapterNumbers(settings: VmxSettings): readonly number[] {
  const numbers = [...settings.keys()].flatMap((key) => /^ethernet(\d{1,3})\.present$/.exec(key)?.[1] ?? []);
  return numbers.map(Number).sort((a, b) => a - b);
}

function readNic(settings: VmxSettings, adapter: string): Nic {
  const value = (key: string): string | null => textOf(settings, `${adapter}.${key}`);
  const device = value('virtualDev')?.toLowerCase() ?? 'vlance';
  return {
    ...UNTOLD_NIC,
    network: networkOf(value),
    mac: macOf(value),
    // `vlance`, also what an absent setting means, is VMware's name of the AMD PCnet.
    adapter: device === 'vlance' ? 'pcnet32' : device,
  };
}

/** ESXi names the port group; a distributed switch only its key; Workstation the kind of connection. */
function networkOf(value: (key: string) => string | null): string {
  const named = value('networkName') ?? value('dvs.portgroupId');
  if (named !== null) return named;
  const connection = value('connectionType') ?? 'bridged';
  return connection === 'custom' ? (value('vnet') ?? connection) : connection;
}

function macOf(value: (key: string) => string | null): string | null {
  const fixed = value('address');
  const generated = value('generatedAddress');
  const isFixed = value('addressType')?.toLowerCase() === 'static';
  return normalizeMac((isFixed ? (fixed ?? generated) : (generated ?? fixed)) ?? '');
}
