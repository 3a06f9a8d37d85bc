import { XenferryError } from '../model/errors.js';
import type { FileRange } from '../model/virtual-machine.js';
import { defaultConfiguration, propertyDefaults } from './deployment-options.js';
import { Findings } from './findings.js';
import type { OvfDisk, OvfEnvelope, OvfVirtualSystem } from './ovf-types.js';
import { readDisks, readFiles, readNetworks } from './package-contents.js';
import { readSmallRange } from './read-range.js';
import { type SystemStart, systemsWithStart } from './startup.js';
import { readVirtualSystem } from './virtual-system.js';
import { decodeXml } from './xml-decoding.js';
import { attribute } from './xml-query.js';
import { parseXmlTree } from './xml-tree.js';

/** A vApp has hundreds; names, start orders and problems of all are compared with each other. */
const MAX_SYSTEMS = 4096;
const DESCRIPTOR_LIMIT = { bytes: 8 * 1024 * 1024, code: 'OVF_TOO_LARGE' } as const;

/**
 * The bytes of a descriptor of at most 8 MiB: a file, or a member of an OVA where it lies.
 * Throws OVF_TOO_LARGE without reading, SOURCE_NOT_FOUND, SOURCE_UNREADABLE or SOURCE_CHANGED.
 */
export async function readOvfBytes(range: FileRange): Promise<Buffer> {
  return readSmallRange(range, DESCRIPTOR_LIMIT);
}

/**
 * Parses an OVF descriptor of version 0.9, 1.x or 2.x, UTF-8 or UTF-16, with any namespace prefixes, for its default
 * configuration. Violations a lenient reader survives become findings with their line.
 * `file` names the descriptor in errors. Throws OVF_MALFORMED with the line for what is not well-formed, has a
 * DOCTYPE, is nested or sized beyond reason, is no Envelope, or describes no machine.
 */
export function parseOvf(bytes: Uint8Array, file: string): OvfEnvelope {
  const { root, unboundPrefixes } = parseXmlTree(decodeXml(bytes, file), file);
  if (root.name !== 'Envelope') {
    throw new XenferryError('OVF_MALFORMED', `its root element is ${root.name}, not Envelope`, {
      file,
      line: root.line,
    });
  }
  const findings = new Findings();
  for (const { prefix, line } of unboundPrefixes) {
    findings.warn(`the namespace prefix "${prefix}" is not declared`, line);
  }
  const configuration = defaultConfiguration(root);
  const files = readFiles(root, findings);
  const disks = readDisks(root, files, propertyDefaults(root, configuration), findings);
  const networks = readNetworks(root);
  const placed = systemsWithStart(root);
  if (placed.length > MAX_SYSTEMS) {
    throw new XenferryError('OVF_MALFORMED', `it describes ${placed.length} machines`, {
      file,
      line: root.line,
    });
  }
  const systems = readSystems(placed, { files, disks, networks, configuration }, findings);
  if (systems.length === 0) {
    throw new XenferryError('OVF_MALFORMED', 'it describes no virtual machine', { file, line: root.line });
  }
  warnOfLooseDisks([...disks.values()], systems, findings);
  return {
    files: [...files.values()],
    disks: [...disks.values()],
    networks,
    systems,
    findings: findings.list,
  };
}

function readSystems(
  placed: readonly SystemStart[],
  contents: Parameters<typeof readVirtualSystem>[3],
  findings: Findings,
): readonly OvfVirtualSystem[] {
  const ids = new Set<string>();
  return placed.map(({ element, start }, index) => {
    const id = attribute(element, 'id') ?? `system-${index + 1}`;
    const unique = ids.has(id) ? `${id}-${index + 1}` : id;
    ids.add(unique);
    const own = findings.forSystem(unique);
    if (unique !== id) own.warn(`the id "${id}" is used by several machines`, element.line);
    return readVirtualSystem(element, unique, start, contents, own);
  });
}

function warnOfLooseDisks(
  disks: readonly OvfDisk[],
  systems: readonly OvfVirtualSystem[],
  findings: Findings,
): void {
  const attached = new Set(systems.flatMap(({ drives }) => drives.map(({ disk }) => disk.id)));
  for (const { id, line } of disks) {
    if (!attached.has(id)) findings.warn(`Disk ${id} is attached to no machine, so it is left out`, line);
  }
}
