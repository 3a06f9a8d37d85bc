export interface DescriptorOptions {
  readonly createType: string;
  /** Extent lines. */
  readonly extents: readonly string[];
  readonly cid?: string;
  readonly parentCid?: string;
  /** The parentFileNameHint. */
  readonly parent?: string;
}

/** The text of a descriptor ("Virtual Disk Format 1.1", The Descriptor File). */
export function buildDescriptor(options: DescriptorOptions): string {
  const { createType, extents, cid = '12345678', parentCid = 'ffffffff', parent } = options;
  return [
    '# Disk DescriptorFile',
    'version=1',
    `CID=${cid}`,
    `parentCID=${parentCid}`,
    `createType="${createType}"`,
    ...(parent === undefined ? [] : [`parentFileNameHint="${parent}"`]),
    '',
    '# Extent description',
    ...extents,
    '',
    '# The Disk Data Base',
    'ddb.adapterType = "lsilogic"',
    '',
  ].join('\n');
}
