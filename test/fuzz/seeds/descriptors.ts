import { SECTOR_BYTES } from '../../../src/model/units.js';

export interface Descriptor {
  readonly createType: string;
  readonly cid?: string;
  /** Content id and file of the parent. */
  readonly parent?: { readonly cid: string; readonly file: string };
  readonly extents: readonly string[];
}

/** A text descriptor as VMware writes it. */
export function descriptorOf({ createType, cid = '1a2b3c4d', parent, extents }: Descriptor): Buffer {
  const lines = [
    '# Disk DescriptorFile',
    'version=1',
    'encoding="UTF-8"',
    `CID=${cid}`,
    `parentCID=${parent?.cid ?? 'ffffffff'}`,
    ...(parent === undefined ? [] : [`parentFileNameHint="${parent.file}"`]),
    `createType="${createType}"`,
    '',
    '# Extent description',
    ...extents,
    '',
    '# The Disk Data Base',
    '#DDB',
    'ddb.adapterType = "lsilogic"',
    'ddb.geometry.cylinders = "16"',
    'ddb.virtualHWVersion = "19"',
    '',
  ];
  return Buffer.from(lines.join('\n'));
}

/** The same, padded to be embedded. */
export function embedded(descriptor: Buffer): Buffer {
  const padding = SECTOR_BYTES - (descriptor.length % SECTOR_BYTES);
  return Buffer.concat([descriptor, Buffer.alloc(padding)]);
}
