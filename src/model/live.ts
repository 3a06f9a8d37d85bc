import type { VsphereReference } from './vsphere-reference.js';
import type { MigrationWindow } from './window.js';

/**
 * How a machine is moved that still is in VMware's hands. `cold`: at rest; one that runs is shut down first. `copy`: as
 * it is at one moment, and it goes on running there. `warm`: while it runs, what changed meanwhile is moved again, and it
 * is shut down for the last of that only.
 */
export const LIVE_MOVES = ['cold', 'copy', 'warm'] as const;
export type LiveMove = (typeof LIVE_MOVES)[number];

/** What may be changed at the source. */
export const SOURCE_CHANGES = [
  'snapshot',
  'changeTracking',
  'shutDown',
  'powerOff',
  'rename',
  'disconnect',
] as const;
export type SourceChange = (typeof SOURCE_CHANGES)[number];

/**
 * How its disks are read: the files on the datastore, in any order, a stream that the server makes of them, or through
 * the operator's own VDDK, VMware's library for that.
 */
export const LIVE_READS = ['datastore', 'export', 'vddk'] as const;
export type LiveRead = (typeof LIVE_READS)[number];

/** The operator's VDDK, and nbdkit's plugin for it. */
export interface VddkSettings {
  /** Absolute path of the folder that VMware's archive unpacks to. */
  readonly library: string;
  /** Absolute path of the plugin; null: where nbdkit looks for it. */
  readonly plugin: string | null;
  /** Ways to the disk that the library may take, the best first, with colons between: `nbdssl:nbd`. */
  readonly transports: string;
}

/** How machines of a vCenter or an ESXi host are moved. */
export interface LivePolicy {
  readonly move: LiveMove;
  readonly read: LiveRead;
  /** Null when the disks are read otherwise. */
  readonly vddk: VddkSettings | null;
  /** What may be done to the source; nothing else ever is. */
  readonly allow: readonly SourceChange[];
  /** The guest has so long to shut down; then the machine fails, or is powered off. */
  readonly shutDown: { readonly seconds: number; readonly otherwise: 'fail' | 'powerOff' };
  /** At most so many passes over what has changed, so far apart, before the machine is shut down. */
  readonly precopy: { readonly passes: number; readonly pauseSeconds: number };
  /** When it may be shut down for good; null: at any time. */
  readonly cutover: MigrationWindow | null;
  /** With one that has arrived. `rename`: its new name; null: it keeps its own. */
  readonly afterwards: { readonly rename: string | null; readonly disconnect: boolean };
  /** For so many days after its move it can be taken back. */
  readonly rollbackDays: number;
}

/** A machine's way out of VMware. */
export interface PlannedLive extends LivePolicy {
  readonly server: VsphereReference;
  /** Its managed object: `vm-123`. */
  readonly objectId: string;
  /** What will be done to it there, in this order. */
  readonly changes: readonly SourceChange[];
}
