import { z } from 'zod';
import { XenferryError } from '../../model/errors.js';
import { KIB } from '../../model/units.js';
import type { DatastorePath, PowerState, Ref, VsphereClient } from '../../vsphere/index.js';
import {
  arrayOf,
  FLAG,
  list,
  parseDatastorePath,
  REF,
  retrieveOne,
  TEXT,
  WHOLE_NUMBER,
} from '../../vsphere/index.js';

/** A disk as the server has it now, or as a snapshot has kept it. */
export interface SourceDisk {
  /** Of the device: stays the same as long as the machine has the disk. */
  readonly key: number;
  readonly capacityBytes: number;
  /** Where its topmost file is. */
  readonly file: Omit<DatastorePath, 'datacenter'>;
  /** Names the moment in the list of its changes; null where they are not tracked. */
  readonly changeId: string | null;
  /** Whether it lies on others, which are not to be read by themselves: the machine has snapshots. */
  readonly layered: boolean;
}

/** A machine as the server has it now. */
export interface SourceMachine {
  readonly name: string;
  readonly powerState: PowerState;
  /** Whether the server reaches it at all. */
  readonly connected: boolean;
  readonly changeTracking: boolean;
  /** Whether its disks have layers that belong to no snapshot. */
  readonly consolidationNeeded: boolean;
  readonly host: Ref | null;
  readonly datastores: readonly Ref[];
  /** What is done with it now, or was a moment ago. */
  readonly tasks: readonly Ref[];
  readonly disks: readonly SourceDisk[];
  /** All there are. */
  readonly snapshots: readonly { readonly ref: Ref; readonly name: string }[];
}

const DEVICE = z.looseObject({
  _type: TEXT.optional(),
  key: WHOLE_NUMBER,
  capacityInBytes: WHOLE_NUMBER.optional(),
  capacityInKB: WHOLE_NUMBER.optional(),
  backing: z
    .looseObject({ fileName: TEXT.optional(), changeId: TEXT.optional(), parent: z.unknown().optional() })
    .optional(),
});
type Device = z.output<typeof DEVICE>;

interface SnapshotTree {
  readonly snapshot: Ref;
  readonly name: string;
  readonly childSnapshotList: readonly SnapshotTree[];
}
const SNAPSHOT_TREE: z.ZodType<SnapshotTree> = z.object({
  snapshot: REF,
  name: TEXT,
  get childSnapshotList() {
    return list(SNAPSHOT_TREE);
  },
});

const MACHINE = z.object({
  name: TEXT,
  'runtime.powerState': z.enum(['poweredOn', 'poweredOff', 'suspended']),
  'runtime.connectionState': TEXT,
  'runtime.host': REF.optional(),
  recentTask: arrayOf(REF).default([]),
  'config.changeTrackingEnabled': FLAG.default(false),
  'runtime.consolidationNeeded': FLAG.default(false),
  'config.hardware.device': arrayOf(DEVICE),
  datastore: arrayOf(REF),
  snapshot: z.object({ rootSnapshotList: list(SNAPSHOT_TREE) }).optional(),
});

/** Rejects as `retrieveOne` does. Needs System.Read. */
export async function readSourceMachine(
  client: VsphereClient,
  machine: Ref,
  signal?: AbortSignal,
): Promise<SourceMachine> {
  const told = MACHINE.safeParse(await retrieveOne(client, machine, Object.keys(MACHINE.shape), { signal }));
  if (!told.success) throw unusable(client, `${machine.value} has no usable settings`);
  const { data } = told;
  return {
    name: data.name,
    powerState: data['runtime.powerState'],
    connected: data['runtime.connectionState'] === 'connected',
    changeTracking: data['config.changeTrackingEnabled'],
    consolidationNeeded: data['runtime.consolidationNeeded'],
    host: data['runtime.host'] ?? null,
    datastores: data.datastore,
    tasks: data.recentTask,
    disks: disksOf(data['config.hardware.device']),
    snapshots: (data.snapshot?.rootSnapshotList ?? []).flatMap(flattened),
  };
}

const SNAPSHOT = z.object({ 'config.hardware.device': arrayOf(DEVICE) });

/** The disks as a snapshot has kept them. Rejects as `retrieveOne` does. */
export async function readSnapshotDisks(
  client: VsphereClient,
  snapshot: Ref,
  signal?: AbortSignal,
): Promise<SourceDisk[]> {
  const told = SNAPSHOT.safeParse(
    await retrieveOne(client, snapshot, Object.keys(SNAPSHOT.shape), { signal }),
  );
  if (told.success) return disksOf(told.data['config.hardware.device']);
  throw unusable(client, `${snapshot.value} has no usable list of devices`);
}

/** Those that lie in files. */
function disksOf(devices: readonly Device[]): SourceDisk[] {
  return devices.flatMap(({ _type: type, key, capacityInBytes, capacityInKB = 0, backing }) => {
    const file = parseDatastorePath(backing?.fileName ?? '');
    if (type !== 'VirtualDisk' || file === null) return [];
    const capacityBytes = capacityInBytes ?? capacityInKB * KIB;
    const { changeId = null, parent } = backing ?? {};
    return [{ key, capacityBytes, file, changeId, layered: parent !== undefined }];
  });
}

function flattened({ snapshot, name, childSnapshotList }: SnapshotTree): SourceMachine['snapshots'] {
  return [{ ref: snapshot, name }, ...childSnapshotList.flatMap(flattened)];
}

function unusable(client: VsphereClient, message: string): XenferryError {
  return new XenferryError('VSPHERE_PROTOCOL', message, { file: client.shown });
}
