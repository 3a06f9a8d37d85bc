import { XenferryError } from '../model/errors.js';
import type { FileRange } from '../model/virtual-machine.js';
import { type ChosenConfiguration, chooseConfiguration } from './deployment-options.js';
import { Findings } from './findings.js';
import type { OvfDisk, OvfEnvelope, OvfVirtualSystem } from './ovf-types.js';
import { readDisks, readFiles, readNetworks } from './package-contents.js';
import { propertyDefaults } from './properties.js';
import { readSmallRange } from './read-range.js';
import { sectionsOf } from './sections.js';
import { placedSystems, type SystemStart } from './startup.js';
import { type PackageContents, readVirtualSystem } from './virtual-system.js';
import { decodeXml } from './xml-decoding.js';
import { attribute } from './xml-query.js';
import { parseXmlTree, type XmlElement } from './xml-tree.js';

/** A vApp has hundreds; names, start orders and problems of all are compared with each other. */
const MAX_SYSTEMS = 4096;
const DESCRIPTOR_LIMIT = { bytes: 8 * 1024 * 1024, code: 'OVF_TOO_LARGE' } as const;

export interface OvfOptions {
  /** Id of the deployment option to read; the package's default without one. */
  readonly configuration?: string | undefined;
}

/**
 * The bytes of a descriptor of at most 8 MiB: a file, or a member of an OVA where it lies.
 * Throws OVF_TOO_LARGE without reading, SOURCE_NOT_FOUND, SOURCE_UNREADABLE or SOURCE_CHANGED.
 */
export async function readOvfBytes(range: FileRange): Promise<Buffer> {
  return readSmallRange(range, DESCRIPTOR_LIMIT);
}

/**
 * Parses an OVF descriptor of version 0.9, 1.x or 2.x, UTF-8 or UTF-16, with any namespace prefixes, for its default
 * configuration or a chosen one. Violations a lenient reader survives become findings with their line.
 * `file` names the descriptor in errors. Throws OVF_MALFORMED with the line for what is not well-formed, has a
 * DOCTYPE, is nested or sized beyond reason, is no Envelope, or describes no machine; OVF_UNSUPPORTED with the line for
 * an encrypted package.
 */
export function parseOvf(bytes: Uint8Array, file: string, options: OvfOptions = {}): OvfEnvelope {
  const { root, unboundPrefixes } = parseXmlTree(decodeXml(bytes, file), file);
  if (root.name !== 'Envelope') {
    throw new XenferryError('OVF_MALFORMED', `its root element is ${root.name}, not Envelope`, {
      file,
      line: root.line,
    });
  }
  refuseEncrypted(root, file);
  const findings = new Findings();
  for (const { prefix, line } of unboundPrefixes) {
    findings.warn(`the namespace prefix "${prefix}" is not declared`, line);
  }
  const wanted = options.configuration ?? null;
  const chosen = chooseConfiguration(root, wanted);
  const defaults = propertyDefaults(root, chosen.id);
  const files = readFiles(root, findings);
  const disks = readDisks(root, files, defaults, findings);
  const networks = readNetworks(root);
  const placed = placedSystems(root, chosen.id);
  if (placed.length > MAX_SYSTEMS) {
    throw new XenferryError('OVF_MALFORMED', `it describes ${placed.length} machines`, {
      file,
      line: root.line,
    });
  }
  const contents = {
    files,
    filesByHref: new Map([...files.values()].map((entry) => [entry.href, entry])),
    disks,
    networks: new Set(networks),
    configuration: chosen.id,
    defaults,
  };
  const systems = readSystems(placed, contents, findings);
  if (systems.length === 0) {
    throw new XenferryError('OVF_MALFORMED', 'it describes no virtual machine', { file, line: root.line });
  }
  noteConfiguration(wanted, chosen, systems, findings);
  warnOfLooseDisks([...disks.values()], systems, findings);
  return {
    files: [...files.values()],
    disks: [...disks.values()],
    networks,
    systems,
    findings: findings.list,
  };
}

/** OVF 2 encrypts files of a package, the descriptor's parts included (DSP0243 2.0, EncryptionSection). */
function refuseEncrypted(root: XmlElement, file: string): void {
  const [section] = [...sectionsOf(root, 'EncryptionSection'), ...sectionsOf(root, 'EncryptedData')];
  if (section === undefined) return;
  throw new XenferryError('OVF_UNSUPPORTED', 'the package is encrypted', {
    file,
    line: section.line,
    hint: 'Decrypt the package, or export the machine without encryption.',
  });
}

/** A machine of another size than was asked for must not be converted; a package without options has but one. */
function noteConfiguration(
  wanted: string | null,
  { id, known }: ChosenConfiguration,
  systems: readonly OvfVirtualSystem[],
  findings: Findings,
): void {
  if (wanted === null || wanted === id) return;
  for (const system of systems) {
    const own = findings.forSystem(system.id);
    if (known.length === 0)
      own.inform(`it has no configurations, so "${wanted}" changes nothing`, system.line);
    else
      own.critical(
        `it has no configuration "${wanted}", only ${known.join(', ')}`,
        system.line,
        'CONFIG_INVALID',
      );
  }
}

function readSystems(
  placed: readonly SystemStart[],
  contents: PackageContents,
  findings: Findings,
): readonly OvfVirtualSystem[] {
  const ids = new Set<string>();
  return placed.map(({ element, start, properties }, index) => {
    const id = attribute(element, 'id') ?? `system-${index + 1}`;
    const unique = ids.has(id) ? `${id}-${index + 1}` : id;
    ids.add(unique);
    const own = findings.forSystem(unique);
    if (unique !== id) own.warn(`the id "${id}" is used by several machines`, element.line);
    return readVirtualSystem(element, { id: unique, start, properties }, contents, own);
  });
}

function warnOfLooseDisks(
  disks: readonly OvfDisk[],
  systems: readonly OvfVirtualSystem[],
  findings: Findings,
): void {
  const attached = new Set(systems.flatMap(({ drives }) => drives.map(({ disk }) => disk.id)));
  const inDevices = new Set(systems.flatMap(({ devices }) => devices.map((device) => device.file?.id)));
  const parents = new Set(disks.map(({ parentRef }) => parentRef));
  for (const { id, file, line } of disks) {
    const used = attached.has(id) || parents.has(id) || (file !== null && inDevices.has(file.id));
    if (!used) findings.warn(`Disk ${id} is attached to no machine, so it is left out`, line);
  }
}
