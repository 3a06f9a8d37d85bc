import { ERROR_CATALOG } from '../../model/error-catalog.js';
import type { Inventory, Problem } from '../../model/inventory.js';
import {
  type Device,
  type Nic,
  UNTOLD_MACHINE,
  UNTOLD_NIC,
  type VirtualMachine,
} from '../../model/virtual-machine.js';
import {
  type OvfDevice,
  type OvfEnvelope,
  type OvfNic,
  type OvfOperatingSystem,
  type OvfOptions,
  type OvfVirtualSystem,
  parseOvf,
  readOvfBytes,
} from '../../ovf-parser/index.js';
import { type DescriptorFile, stemOf } from '../descriptor-file.js';
import { refuseEndlessDisks } from '../disk-limit.js';
import { readOtherFiles } from './other-files.js';
import { openPackage } from './package-files.js';
import { readPackageManifest } from './package-manifest.js';
import { type DiskContext, readDisk } from './read-disk.js';

/**
 * The machines of an .ovf or .ova in document order. A machine's id is the descriptor's path, with `#` and the
 * system's id when there are several. Disks are located, and their metadata is read, not their data.
 * `options` choose one of the package's configurations; one that it does not have is a critical problem of each machine.
 * Throws OVF_*, OVA_* or SOURCE_* when the descriptor itself cannot be read.
 */
export async function readOvf(source: DescriptorFile, options: OvfOptions = {}): Promise<Inventory> {
  const files = await openPackage(source);
  const bytes = await readOvfBytes(files.descriptor);
  const envelope = parseOvf(bytes, source.relative, options);
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
  const others = await readOtherFiles(system, context);
  const { operatingSystem } = system;
  const machine: VirtualMachine = {
    ...UNTOLD_MACHINE,
    id: context.machineId,
    name: system.name === '' ? stemOf(source) : system.name,
    description: system.annotation,
    uuid: system.uuid,
    instanceUuid: system.instanceUuid,
    guestOs: guestOsOf(operatingSystem),
    cimOs: operatingSystem.id,
    osDescription: operatingSystem.description ?? '',
    firmware: system.firmware,
    secureBoot: system.secureBoot,
    cpus: system.cpus,
    coresPerSocket: system.coresPerSocket,
    memoryBytes: system.memoryBytes,
    disks: disks.map(({ disk }) => disk),
    nics: system.nics.map(nicOf),
    startOrder: system.start?.order ?? null,
    startDelaySeconds: system.start?.delaySeconds ?? 0,
    virtualTpm: system.virtualTpm,
    nvram: others.nvram,
    devices: system.devices.map(deviceOf),
    features: system.features,
    settings: Object.fromEntries(system.settings),
    properties: Object.fromEntries(system.properties),
    source: { kind: source.kind, descriptor: source.relative },
  };
  return {
    machines: [machine],
    problems: [...disks.flatMap(({ problems }) => problems), ...others.problems],
  };
}

function nicOf({ network, mac, adapter, connected, staticMac }: OvfNic): Nic {
  return { ...UNTOLD_NIC, network, mac, adapter, connected, staticMac };
}

function deviceOf({ kind, label, connected, backing }: OvfDevice): Device {
  return { kind, label, connected, backing };
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
