import type { MigrationWindow } from './window.js';

/** Where a key is, never the key itself: an absolute path, or the name of an environment variable. */
export type KeyReference = { readonly file: string } | { readonly environment: string };

/** What machines become. */
export type Destination = FileDestination | PoolDestination;

/** Files in the target folder. */
export type FileDestination =
  | { readonly kind: 'xva'; readonly compression: 'none' | 'zstd' }
  /** A folder a machine, with a descriptor. */
  | { readonly kind: 'vhd' }
  /** A folder a machine, with an `xl.cfg`. */
  | { readonly kind: 'xl'; readonly format: XlDiskFormat };

export const XL_DISK_FORMATS = ['raw', 'qcow2', 'vhd'] as const;
export type XlDiskFormat = (typeof XL_DISK_FORMATS)[number];

/** A pool and how it is logged in at. */
export interface PoolReference {
  /** `https://host` of any member. */
  readonly url: string;
  readonly user: string;
  readonly password: KeyReference;
  /** SHA-256 of the certificates of the pool's hosts, in hex; without any, those the system trusts. */
  readonly tlsFingerprints: readonly string[];
}

/** VMs of a XenServer or XCP-ng pool; the target folder has the ledger and the report. */
export interface PoolDestination extends PoolReference {
  readonly kind: 'pool';
  readonly readBack: ReadBackAmount;
  /** Disks on their way through one host at the same time. */
  readonly disksPerHost: number;
  /** Disks on their way to or from one repository at the same time. */
  readonly disksPerStorage: number;
  /** Made when the pool has none of that name. */
  readonly newNetworks: readonly PlannedNetwork[];
  readonly after: AfterImport;
}

/** What is done with a machine that is imported and verified, in this order. */
export interface AfterImport {
  /** Null: it stays where it was imported. */
  readonly move: FinalPlace | null;
  /** Name of a snapshot; null for none. */
  readonly snapshot: string | null;
  /** Null: it stays halted. */
  readonly start: StartSettings | null;
}

export interface FinalPlace {
  /** Repositories by those of the import, in which `*` stands for anything; the first that fits. */
  readonly storage: readonly { readonly from: string; readonly to: string }[];
  /** Host that is to run it, by name or UUID; null leaves that to the pool. */
  readonly host: string | null;
  /** Null: the same pool. */
  readonly pool: PoolReference | null;
  /** Null: at any time. */
  readonly window: MigrationWindow | null;
}

/** What a VM has to do to count as started. */
export interface StartSettings {
  /** For so long it must run. */
  readonly runningSeconds: number;
  /** In so long its guest must have told an address; null: it need not. */
  readonly addressSeconds: number | null;
}

export const READ_BACK_AMOUNTS = ['all', 'sampled', 'none'] as const;
/** How much of what a pool stored is read back and compared. */
export type ReadBackAmount = (typeof READ_BACK_AMOUNTS)[number];

/** A network that a pool may not have yet. */
export interface PlannedNetwork {
  readonly name: string;
  readonly mtu: number;
  readonly over: NetworkBase;
}

export const BOND_MODES = ['balance-slb', 'active-backup', 'lacp'] as const;

export type NetworkBase =
  /** No wire: its machines see each other on one host. */
  | { readonly kind: 'internal' }
  /** `on`: a device such as `eth1` or `bond0`, or the name of its network. */
  | { readonly kind: 'vlan'; readonly tag: number; readonly on: string }
  /** Of the devices of that name of every host. LACP needs Open vSwitch and switches that take part. */
  | {
      readonly kind: 'bond';
      readonly devices: readonly string[];
      readonly mode: (typeof BOND_MODES)[number];
      readonly properties: Readonly<Record<string, string>>;
    };

/** Of records from before there were others. */
const XVA_FILES: Destination = { kind: 'xva', compression: 'none' };

/** What `JSON.stringify` made of a destination; null stands for a record from before there were several. */
export function readDestination(recorded: string | null): Destination {
  return recorded === null ? XVA_FILES : (JSON.parse(recorded) as Destination);
}

/** Where machines go, for people: the pool's address, or the target folder. */
export function placeName(destination: Destination, folder: string): string {
  return destination.kind === 'pool' ? destination.url : folder;
}
