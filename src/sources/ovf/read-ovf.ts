import { ERROR_CATALOG } from '../../model/error-catalog.js';
import type { Inventory, Problem } from '../../model/inventory.js';
import { UNTOLD_MACHINE, UNTOLD_NIC, type VirtualMachine } from '../../model/virtual-machine.js';
import {
  type OvfEnvelope,
  type OvfOperatingSystem,
  type OvfVirtualSystem,
  parseOvf,
  readOvfBytes,
} from '../../ovf-parser/index.js';
import { type DescriptorFile, stemOf } from '../descriptor-file.js';
import { refuseEndlessDisks } from '../disk-limit.js';
import { openPackage } from './package-files.js';
import { readPackageManifest } from './package-manifest.js';
import { type DiskContext, readDisk } from './read-disk.js';

/**
 * The machines of an .ovf or .ova in document order. A machine's id is the descriptor's path, with `#` and the
 * system's id when there are several. Disks are located, and their metadata is read, not their data.
 * Throws OVF_*, OVA_* or SOURCE_* when the descriptor itself cannot be read.
 */
export async function readOvf(source: DescriptorFile): Promise<Inventory> {
  const files = await openPackage(source);
  const bytes = await readOvfBytes(files.descriptor);
  const envelope = parseOvf(bytes, source.relative);
  const about = { file: source.relative, machineId: null };
  const manifest = await readPackageManifest(files, bytes, about);
  const context = { files, manifest: manifest.entries, descriptor: source.relative };

  const machines: VirtualMachine[] = [];
  const problems: Problem[] = [...findingsOf(envelope, source)];
  for (const system of envelope.systems) {
    const machineId = machineIdOf(envelope, system.id, source);
    const machine = await readMachine(system, source, { ...context, machineId });
    machines.push(...machine.machines);
    // A descriptor nobody vouches for keeps every machine of it from being converted.
    problems.push(...manifest.problems.map((problem) => ({ ...problem, machineId })), ...machine.problems);
  }
  return { machines, problems };
}

async function readMachine(
  system: OvfVirtualSystem,
  source: DescriptorFile,
  context: DiskContext,
): Promise<Inventory> {
  refuseEndlessDisks(system.drives, 'OVF_MALFORMED', source.relative);
  const disks = [];
  for (const drive of system.drives) disks.push(await readDisk(drive, context));
  const machine: VirtualMachine = {
    ...UNTOLD_MACHINE,
    id: context.machineId,
    name: system.name === '' ? stemOf(source) : system.name,
    description: system.annotation,
    uuid: system.uuid,
    guestOs: guestOsOf(system.operatingSystem),
    firmware: system.firmware,
    secureBoot: system.secureBoot,
    cpus: system.cpus,
    coresPerSocket: system.coresPerSocket,
    memoryBytes: system.memoryBytes,
    disks: disks.map(({ disk }) => disk),
    nics: system.nics.map(({ network, mac, adapter }) => ({ ...UNTOLD_NIC, network, mac, adapter })),
    startOrder: system.start?.order ?? null,
    startDelaySeconds: system.start?.delaySeconds ?? 0,
    source: { kind: source.kind, descriptor: source.relative },
  };
  return { machines: [machine], problems: disks.flatMap(({ problems }) => problems) };
}

function machineIdOf(envelope: OvfEnvelope, systemId: string, source: DescriptorFile): string {
  return envelope.systems.length === 1 ? source.relative : `${source.relative}#${systemId}`;
}

function guestOsOf({ vmwareType, description, id }: OvfOperatingSystem): string {
  return vmwareType ?? description ?? id?.toString() ?? '';
}

function findingsOf(envelope: OvfEnvelope, source: DescriptorFile): readonly Problem[] {
  return envelope.findings.map(({ severity, code, message, line, systemId }) => ({
    severity,
    code,
    message,
    hint: severity === 'critical' ? ERROR_CATALOG[code].hint : 'Check the value in the plan.',
    file: source.relative,
    line,
    machineId: systemId === null ? null : machineIdOf(envelope, systemId, source),
  }));
}
