import path from 'node:path';
import { XenferryError } from '../../model/errors.js';
import type { Inventory } from '../../model/inventory.js';
import { MIB } from '../../model/units.js';
import {
  diskParts,
  UNKNOWN_GUEST,
  UNTOLD_MACHINE,
  type VirtualMachine,
} from '../../model/virtual-machine.js';
import { normalizeUuid } from '../../ovf-parser/index.js';
import { type DescriptorFile, stemOf } from '../descriptor-file.js';
import { refuseEndlessDisks } from '../disk-limit.js';
import { findInFolder } from '../folder-files.js';
import { tellingSettings } from '../telling-settings.js';
import { lockProblems, readNvram } from './files-beside.js';
import { readSnapshots } from './read-snapshots.js';
import { readVmxDisks } from './read-vmx-disk.js';
import { reportedOs } from './reported-os.js';
import { countOf, flagOf, textOf } from './settings-values.js';
import { hasVirtualTpm, vmxDevices } from './vmx-devices.js';
import { vmxDrives } from './vmx-drives.js';
import { vmxFeatures } from './vmx-features.js';
import { DEFAULT_MEMORY_MIB, fileFlaws, valueFlaws } from './vmx-flaws.js';
import { vmxNics } from './vmx-nics.js';
import { readVmxFile } from './vmx-parser.js';

/**
 * The machine of a .vmx, or of a template's .vmtx, with its disks and snapshots; its id is the file's path. Only the
 * .vmx and what lies around it within the source folder is read.
 * Throws VMX_MALFORMED, VMX_UNSUPPORTED for an encrypted machine, or SOURCE_* when the file itself cannot be read.
 */
export async function readVmx(source: DescriptorFile): Promise<Inventory> {
  const range = await findInFolder(path.dirname(source.path), path.basename(source.path));
  if (range === null) throw new XenferryError('SOURCE_NOT_FOUND', 'it is gone', { file: source.path });
  const { settings, flaws } = await readVmxFile(range, source.relative);
  if (['encryption.data', 'encryption.keySafe'].some((key) => textOf(settings, key) !== null)) {
    throw new XenferryError('VMX_UNSUPPORTED', 'the machine is encrypted', { file: source.relative });
  }
  const drives = vmxDrives(settings);
  refuseEndlessDisks([...drives.disks, ...drives.cdroms], 'VMX_MALFORMED', source.relative);
  const memoryBytes = (countOf(settings, 'memSize') ?? DEFAULT_MEMORY_MIB) * MIB;
  const disks = await readVmxDisks(drives.disks, source);
  const nvram = await readNvram(textOf(settings, 'nvram'), source);
  const history = await readSnapshots(source, drives.disks, memoryBytes);
  const machine: VirtualMachine = {
    ...UNTOLD_MACHINE,
    id: source.relative,
    name: textOf(settings, 'displayName') ?? stemOf(source),
    description: textOf(settings, 'annotation') ?? '',
    uuid: normalizeUuid(textOf(settings, 'uuid.bios') ?? ''),
    instanceUuid: normalizeUuid(textOf(settings, 'vc.uuid') ?? ''),
    guestOs: textOf(settings, 'guestOS') ?? '',
    firmware: textOf(settings, 'firmware')?.toLowerCase() === 'efi' ? 'efi' : 'bios',
    secureBoot: flagOf(settings, 'uefi.secureBoot.enabled') ?? false,
    cpus: countOf(settings, 'numvcpus') ?? 1,
    coresPerSocket: countOf(settings, 'cpuid.coresPerSocket') ?? 1,
    memoryBytes,
    disks: disks.map(({ disk }) => disk),
    nics: vmxNics(settings),
    // The state that it wakes up from; gone with the next power on.
    powerState: textOf(settings, 'checkpoint.vmState') === null ? null : 'suspended',
    template: path.extname(source.relative).toLowerCase() === '.vmtx',
    virtualTpm: hasVirtualTpm(settings),
    nvram: nvram.nvram,
    devices: vmxDevices(settings, drives.cdroms),
    snapshots: history.snapshots,
    guest: { ...UNKNOWN_GUEST, reportedOs: reportedOs(settings) },
    features: vmxFeatures(settings, history.needsConsolidation),
    settings: tellingSettings(settings),
    source: { kind: 'vmx', descriptor: source.relative },
  };
  const about = { file: source.relative, machineId: source.relative };
  const files = machine.disks.flatMap((disk) => diskParts(disk)[0]?.range.path ?? []);
  const problems = [
    ...fileFlaws(flaws, about),
    ...valueFlaws(settings, drives.disks, about),
    ...disks.flatMap((disk) => disk.problems),
    ...nvram.problems,
    ...history.problems,
    ...(await lockProblems(source, files)),
  ];
  return { machines: [machine], problems };
}
