import type { Problem } from '../../model/inventory.js';
import { normalizeMac } from '../../ovf-parser/index.js';
import { type About, problemOf } from '../problems.js';
import { countOf, presentNumbers, textOf } from './settings-values.js';
import { DISK_MODES, type VmxDrive } from './vmx-drives.js';
import type { VmxSettings } from './vmx-parser.js';
import type { VmxFlaw } from './vmx-text.js';

/** What VMware gives a machine without a memsize. */
export const DEFAULT_MEMORY_MIB = 32;

const CHECK = 'Check what the plan says of the machine, and the line in the file.';

/** A warning for each flaw of a file. */
export function fileFlaws(flaws: readonly VmxFlaw[], about: About, hint = CHECK): readonly Problem[] {
  return flaws.map(({ line, message }) =>
    problemOf('warning', 'VMX_MALFORMED', message, { ...about, line }, hint),
  );
}

/** A warning for each setting whose value is none that VMware knows, so that a default is taken. */
export function valueFlaws(
  settings: VmxSettings,
  disks: readonly VmxDrive[],
  about: About,
): readonly Problem[] {
  const messages = [
    ...memoryFlaws(settings),
    ...['numvcpus', 'cpuid.coresPerSocket']
      .filter((key) => textOf(settings, key) !== null && countOf(settings, key) === null)
      .map((key) => `${key} is no number of CPUs; 1 is taken`),
    ...firmwareFlaws(settings),
    ...disks.flatMap(({ address }) => modeFlaws(settings, address)),
    ...presentNumbers(settings, 'ethernet').flatMap((number) => addressFlaws(settings, `ethernet${number}`)),
  ];
  return messages.map((message) => problemOf('warning', 'VMX_MALFORMED', message, about, CHECK));
}

function memoryFlaws(settings: VmxSettings): readonly string[] {
  if (countOf(settings, 'memSize') !== null) return [];
  const flaw = textOf(settings, 'memSize') === null ? 'it has no memSize' : 'its memSize is no number of MiB';
  return [`${flaw}; VMware's default of ${DEFAULT_MEMORY_MIB} MiB is taken`];
}

function firmwareFlaws(settings: VmxSettings): readonly string[] {
  const firmware = textOf(settings, 'firmware')?.toLowerCase() ?? 'bios';
  return firmware === 'bios' || firmware === 'efi'
    ? []
    : ['its firmware is neither bios nor efi; bios is taken'];
}

function modeFlaws(settings: VmxSettings, address: string): readonly string[] {
  const mode = textOf(settings, `${address}.mode`)?.toLowerCase() ?? 'persistent';
  return DISK_MODES.has(mode) ? [] : [`the mode of disk ${address} is unknown; persistent is taken`];
}

function addressFlaws(settings: VmxSettings, adapter: string): readonly string[] {
  return ['address', 'generatedAddress']
    .map((key) => `${adapter}.${key}`)
    .filter((key) => normalizeMac(textOf(settings, key) ?? '00:00:00:00:00:00') === null)
    .map((key) => `${key} is no MAC address; it is left out`);
}
