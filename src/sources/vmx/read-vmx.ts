import path from 'node:path';
import { XenferryError } from '../../model/errors.js';
import type { Inventory, Problem } from '../../model/inventory.js';
import { MIB } from '../../model/units.js';
import { UNTOLD_MACHINE, type VirtualMachine } from '../../model/virtual-machine.js';
import { normalizeUuid } from '../../ovf-parser/index.js';
import { type DescriptorFile, stemOf } from '../descriptor-file.js';
import { refuseEndlessDisks } from '../disk-limit.js';
import { findInFolder } from '../folder-files.js';
import { problemOf } from '../problems.js';
import { readVmxDisk } from './read-vmx-disk.js';
import { countOf, flagOf, textOf } from './settings-values.js';
import { vmxDevices } from './vmx-devices.js';
import { vmxNics } from './vmx-nics.js';
import { readVmxSettings, type VmxSettings } from './vmx-parser.js';

/** What VMware gives a machine without a memsize. */
const DEFAULT_MEMORY_MIB = 32;

/**
 * The machine of a .vmx and the disks beside it; its id is the file's path.
 * Throws VMX_MALFORMED, VMX_UNSUPPORTED for an encrypted machine, or SOURCE_* when the file itself cannot be read.
 */
export async function readVmx(source: DescriptorFile): Promise<Inventory> {
  const range = await findInFolder(path.dirname(source.path), path.basename(source.path));
  if (range === null) throw new XenferryError('SOURCE_NOT_FOUND', 'it is gone', { file: source.path });
  const settings = await readVmxSettings(range, source.relative);
  if (settings.has('encryption.data')) {
    throw new XenferryError('VMX_UNSUPPORTED', 'the machine is encrypted', { file: source.relative });
  }
  const devices = vmxDevices(settings);
  refuseEndlessDisks(devices, 'VMX_MALFORMED', source.relative);
  const disks = [];
  for (const device of devices) disks.push(await readVmxDisk(device, source));
  const machine: VirtualMachine = {
    ...UNTOLD_MACHINE,
    id: source.relative,
    name: textOf(settings, 'displayName') ?? stemOf(source),
    description: textOf(settings, 'annotation') ?? '',
    uuid: normalizeUuid(textOf(settings, 'uuid.bios') ?? ''),
    guestOs: textOf(settings, 'guestOS') ?? '',
    firmware: textOf(settings, 'firmware')?.toLowerCase() === 'efi' ? 'efi' : 'bios',
    secureBoot: flagOf(settings, 'uefi.secureBoot.enabled') ?? false,
    cpus: countOf(settings, 'numvcpus') ?? 1,
    coresPerSocket: countOf(settings, 'cpuid.coresPerSocket') ?? 1,
    memoryBytes: (countOf(settings, 'memSize') ?? DEFAULT_MEMORY_MIB) * MIB,
    disks: disks.map(({ disk }) => disk),
    nics: vmxNics(settings),
    source: { kind: 'vmx', descriptor: source.relative },
  };
  const problems = [...memoryProblems(settings, source), ...disks.flatMap((disk) => disk.problems)];
  return { machines: [machine], problems };
}

function memoryProblems(settings: VmxSettings, source: DescriptorFile): readonly Problem[] {
  if (countOf(settings, 'memSize') !== null) return [];
  const message = `it has no memSize; VMware's default of ${DEFAULT_MEMORY_MIB} MiB is taken`;
  const about = { file: source.relative, machineId: source.relative };
  return [
    problemOf('warning', 'VMX_MALFORMED', message, about, 'Check the memory of the machine in the plan.'),
  ];
}
