import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MIB } from '../../src/model/units.js';
import { makeVmdk, noise } from './disk-maker.js';

/** What a VMX folder of this estate is, as its author decided. */
export interface SmallMachine {
  readonly name: string;
  readonly description: string;
  readonly firmware: 'bios' | 'efi';
  readonly cpus: number;
  readonly coresPerSocket: number;
  readonly memoryMib: number;
  /** In MiB; the first is the one it boots from. */
  readonly disks: readonly { readonly raw: string; readonly capacityBytes: number }[];
  readonly nics: readonly { readonly network: string; readonly mac: string }[];
}

const NETWORKS = ['Office LAN', 'DMZ', 'Backup'];
const SUBFORMATS = ['monolithicSparse', 'streamOptimized', 'monolithicFlat', 'twoGbMaxExtentSparse'] as const;

/** Writes `count` machines of different make below `folder`, every disk with a raw twin in `<folder>-raw`. */
export async function writeSmallEstate(folder: string, count: number): Promise<SmallMachine[]> {
  const machines: SmallMachine[] = [];
  await mkdir(`${folder}-raw`, { recursive: true });
  for (let number = 0; number < count; number++) machines.push(await writeMachine(folder, number));
  return machines;
}

async function writeMachine(folder: string, number: number): Promise<SmallMachine> {
  const name = `vm${String(number).padStart(3, '0')}`;
  const at = join(folder, name);
  await mkdir(at, { recursive: true });
  const disks = [];
  for (let index = 0; index <= number % 3; index++) {
    const file = `${name}-${index}`;
    const raw = `${folder}-raw/${file}.raw`;
    const capacityBytes = (3 + ((number + index) % 5)) * MIB;
    await writeFile(raw, content(number * 8 + index, capacityBytes));
    await makeVmdk(raw, join(at, `${file}.vmdk`), SUBFORMATS[(number + index) % 4] ?? 'monolithicSparse');
    disks.push({ raw, capacityBytes });
  }
  const cpus = [1, 2, 4, 6][number % 4] ?? 1;
  const machine: SmallMachine = {
    name,
    description: number % 4 === 0 ? '' : `Machine "${number}" <of> the estate & more`,
    firmware: number % 3 === 0 ? 'efi' : 'bios',
    cpus,
    coresPerSocket: cpus % 2 === 0 ? 2 : 1,
    memoryMib: 256 + 128 * (number % 7),
    disks,
    nics: Array.from({ length: number % 4 }, (_, index) => ({
      network: NETWORKS[(number + index) % NETWORKS.length] ?? '',
      mac: `00:50:56:${hex(number >> 8)}:${hex(number & 255)}:${hex(index)}`,
    })),
  };
  await writeFile(join(at, `${name}.vmx`), vmx(machine));
  return machine;
}

/** Some blocks of noise, one of zeros. */
function content(seed: number, length: number): Buffer {
  const bytes = noise(seed, length);
  return seed % 2 === 0 ? bytes.fill(0, 0, 2 * MIB) : bytes.fill(0, 2 * MIB);
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

function vmx({
  name,
  description,
  firmware,
  cpus,
  coresPerSocket,
  memoryMib,
  disks,
  nics,
}: SmallMachine): string {
  const settings: Record<string, string | number> = {
    'config.version': 8,
    'virtualHW.version': 13,
    displayName: name,
    annotation: description.replaceAll('"', '|22'),
    guestOS: 'debian12-64',
    firmware,
    numvcpus: cpus,
    'cpuid.coresPerSocket': coresPerSocket,
    memSize: memoryMib,
    'scsi0.present': 'TRUE',
    'scsi0.virtualDev': 'pvscsi',
  };
  for (const index of disks.keys()) {
    settings[`scsi0:${index}.present`] = 'TRUE';
    settings[`scsi0:${index}.fileName`] = `${name}-${index}.vmdk`;
  }
  for (const [index, { network, mac }] of nics.entries()) {
    settings[`ethernet${index}.present`] = 'TRUE';
    settings[`ethernet${index}.virtualDev`] = 'vmxnet3';
    settings[`ethernet${index}.networkName`] = network;
    settings[`ethernet${index}.addressType`] = 'static';
    settings[`ethernet${index}.address`] = mac;
  }
  return Object.entries(settings)
    .map(([key, value]) => `${key} = "${value}"\n`)
    .join('');
}
