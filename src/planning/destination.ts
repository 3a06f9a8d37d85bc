import { resolve } from 'node:path';
import type {
  AfterImport,
  Destination,
  FileDestination,
  FinalPlace,
  NetworkBase,
  PlannedNetwork,
  PoolReference,
  XlDiskFormat,
} from '../model/destination.js';
import { XenferryError } from '../model/errors.js';
import type { FILE_KINDS, Migration, TargetFacts } from './migration-file/schema.js';
import { windowOf } from './migration-file/windows.js';

export type FileKind = (typeof FILE_KINDS)[number];

/**
 * What machines become; `folder` is where relative paths of the migration file begin.
 * Throws CONFIG_INVALID for a target that says two things, or that names a window which is not there.
 */
export function destinationOf({ target = {}, windows = {} }: Migration, folder: string): Destination {
  const { pool, into, diskFormat } = target;
  if (pool === undefined) return fileDestination(into ?? 'xva', diskFormat ?? 'raw');
  if (into !== undefined) {
    throw new XenferryError('CONFIG_INVALID', 'target has both pool and into', {
      hint: 'Keep pool for VMs in a pool, or into for files.',
    });
  }
  const { newNetworks, after = {}, readBack, disksPerHost, disksPerStorage, ...reference } = pool;
  return {
    kind: 'pool',
    ...serverReference(reference, folder),
    readBack,
    disksPerHost,
    disksPerStorage,
    newNetworks: newNetworks.map(plannedNetwork),
    after: afterImport(after, windows, folder),
  };
}

type Pool = NonNullable<TargetFacts['pool']>;

/** How a server is logged in at, with `folder` before relative paths. */
export function serverReference(
  { url, user, password, tlsFingerprints }: Pick<Pool, 'url' | 'user' | 'password' | 'tlsFingerprints'>,
  folder: string,
): PoolReference {
  return {
    url,
    user,
    password: 'file' in password ? { file: resolve(folder, password.file) } : password,
    tlsFingerprints: tlsFingerprints.map((shown) => shown.replaceAll(':', '').toLowerCase()),
  };
}

function afterImport(
  { move, snapshot, start }: NonNullable<Pool['after']>,
  windows: NonNullable<Migration['windows']>,
  folder: string,
): AfterImport {
  return {
    move: move === undefined ? null : finalPlace(move, windows, folder),
    snapshot: snapshot ?? null,
    start: start === undefined ? null : { ...start, addressSeconds: start.addressSeconds ?? null },
  };
}

function finalPlace(
  { storage, host, pool, window }: NonNullable<NonNullable<Pool['after']>['move']>,
  windows: NonNullable<Migration['windows']>,
  folder: string,
): FinalPlace {
  return {
    storage,
    host: host ?? null,
    pool: pool === undefined ? null : serverReference(pool, folder),
    window: window === undefined ? null : windowOf(window, windows),
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

type NewNetwork = Pool['newNetworks'][number];

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
