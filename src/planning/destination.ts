import { resolve } from 'node:path';
import type {
  Destination,
  FileDestination,
  NetworkBase,
  PlannedNetwork,
  XlDiskFormat,
} from '../model/destination.js';
import { XenferryError } from '../model/errors.js';
import type { FILE_KINDS, TargetFacts } from './migration-file/schema.js';

export type FileKind = (typeof FILE_KINDS)[number];

/**
 * What machines become; `folder` is where relative paths of the migration file begin.
 * Throws CONFIG_INVALID for a target that says two things.
 */
export function destinationOf(target: TargetFacts, folder: string): Destination {
  const { pool, into, diskFormat } = target;
  if (pool === undefined) return fileDestination(into ?? 'xva', diskFormat ?? 'raw');
  if (into !== undefined) {
    throw new XenferryError('CONFIG_INVALID', 'target has both pool and into', {
      hint: 'Keep pool for VMs in a pool, or into for files.',
    });
  }
  const { password, tlsFingerprints, newNetworks, ...rest } = pool;
  return {
    kind: 'pool',
    ...rest,
    password: 'file' in password ? { file: resolve(folder, password.file) } : password,
    tlsFingerprints: tlsFingerprints.map((shown) => shown.replaceAll(':', '').toLowerCase()),
    newNetworks: newNetworks.map(plannedNetwork),
  };
}

function fileDestination(kind: FileKind, format: XlDiskFormat): FileDestination {
  switch (kind) {
    case 'xva':
      return { kind, compression: 'none' };
    case 'xva-zstd':
      return { kind: 'xva', compression: 'zstd' };
    case 'vhd':
      return { kind };
    case 'xl':
      return { kind, format };
  }
}

type NewNetwork = NonNullable<TargetFacts['pool']>['newNetworks'][number];

function plannedNetwork({ name, mtu, vlan, bond }: NewNetwork): PlannedNetwork {
  if (vlan !== undefined && bond !== undefined) {
    throw new XenferryError('CONFIG_INVALID', `the network ${name} is both a VLAN and a bond`, {
      hint: 'Make the bond first, then the VLAN on its network.',
    });
  }
  return { name, mtu, over: baseOf(vlan, bond) };
}

function baseOf(vlan: NewNetwork['vlan'], bond: NewNetwork['bond']): NetworkBase {
  if (vlan !== undefined) return { kind: 'vlan', ...vlan };
  if (bond !== undefined) return { kind: 'bond', ...bond };
  return { kind: 'internal' };
}
