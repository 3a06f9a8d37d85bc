import { sizeInBytes } from './allocation-units.js';
import type { Findings } from './findings.js';
import type { OvfDisk, OvfFile } from './ovf-types.js';
import { type Properties, resolved } from './properties.js';
import { sectionsAnywhere } from './sections.js';
import { attribute, childrenNamed, integerOf } from './xml-query.js';
import type { XmlElement } from './xml-tree.js';

/** Files of the References element by id; broken and repeated ones leave a warning. */
export function readFiles(envelope: XmlElement, findings: Findings): ReadonlyMap<string, OvfFile> {
  const files = new Map<string, OvfFile>();
  for (const references of childrenNamed(envelope, 'References')) {
    for (const element of childrenNamed(references, 'File')) {
      const id = attribute(element, 'id');
      const href = attribute(element, 'href');
      if (id === null || href === null) findings.warn('a File has no id or no href', element.line);
      else if (files.has(id)) findings.warn(`File ${id} is listed twice; the first is used`, element.line);
      else files.set(id, readFile(element, id, href, findings));
    }
  }
  return files;
}

function readFile(element: XmlElement, id: string, href: string, findings: Findings): OvfFile {
  const size = attribute(element, 'size');
  const sizeBytes = integerOf(size);
  if (size !== null && sizeBytes === null) {
    findings.warn(`File ${id} has the size "${size}", which is not a number of bytes`, element.line);
  }
  const compression = attribute(element, 'compression')?.toLowerCase() ?? 'identity';
  const chunk = attribute(element, 'chunkSize');
  const chunkBytes = integerOf(chunk);
  if (chunk !== null && (chunkBytes ?? 0) === 0) {
    findings.warn(`File ${id} has the chunkSize "${chunk}"; it is taken as one piece`, element.line);
  }
  return {
    id,
    href,
    sizeBytes,
    compression: compression === 'identity' ? null : compression,
    chunkBytes: chunkBytes === 0 ? null : chunkBytes,
    line: element.line,
  };
}

/**
 * Disks of the DiskSections by id, wherever these stand, and those of OVF 2's SharedDiskSections (DSP0243 2.0), which
 * several machines use at once. `properties` resolve `${...}` capacities.
 */
export function readDisks(
  envelope: XmlElement,
  files: ReadonlyMap<string, OvfFile>,
  properties: Properties,
  findings: Findings,
): ReadonlyMap<string, OvfDisk> {
  const disks = new Map<string, OvfDisk>();
  const add = (element: XmlElement, shared: boolean): void => {
    const id = attribute(element, 'diskId');
    if (id === null) findings.warn('a Disk has no diskId', element.line);
    else if (disks.has(id)) findings.warn(`Disk ${id} is listed twice; the first is used`, element.line);
    else disks.set(id, { ...readDisk(element, id, files, properties, findings), shared });
  };
  for (const section of sectionsAnywhere(envelope, 'DiskSection')) {
    for (const element of childrenNamed(section, 'Disk')) add(element, false);
  }
  for (const section of sectionsAnywhere(envelope, 'SharedDiskSection')) {
    for (const element of childrenNamed(section, 'SharedDisk')) add(element, true);
  }
  return disks;
}

function readDisk(
  element: XmlElement,
  id: string,
  files: ReadonlyMap<string, OvfFile>,
  properties: Properties,
  findings: Findings,
): Omit<OvfDisk, 'shared'> {
  const fileRef = attribute(element, 'fileRef');
  const file = fileRef === null ? null : (files.get(fileRef) ?? null);
  if (fileRef !== null && file === null) {
    findings.warn(`Disk ${id} refers to File ${fileRef}, which is not listed in References`, element.line);
  }
  const capacity = attribute(element, 'capacity');
  const units = attribute(element, 'capacityAllocationUnits');
  const capacityBytes = sizeInBytes(resolved(capacity, properties), units);
  if (capacityBytes === null) {
    const given = `${capacity ?? ''} ${units ?? ''}`.trim();
    findings.warn(`Disk ${id} has the capacity "${given}", which is not a size`, element.line);
  }
  return {
    id,
    capacityBytes,
    populatedBytes: integerOf(attribute(element, 'populatedSize')),
    format: attribute(element, 'format') ?? '',
    file,
    parentRef: attribute(element, 'parentRef'),
    line: element.line,
  };
}

/** Names of the package's logical networks. */
export function readNetworks(envelope: XmlElement): readonly string[] {
  return sectionsAnywhere(envelope, 'NetworkSection')
    .flatMap((section) => childrenNamed(section, 'Network'))
    .map((network) => attribute(network, 'name'))
    .filter((name) => name !== null);
}
