import type { LiveMove, LivePolicy, LiveRead, SourceChange } from '../../model/live.js';

/** What is done at a vCenter or an ESXi host. */
export type SourceAction = 'inventory' | LiveRead | SourceChange;

/** The objects on which the privileges are looked for. */
export type ActionPlace = 'root' | 'datastore' | 'machine';

/** Names of privileges as in VMware's documentation of vSphere's predefined privileges; docs/vsphere.md has them too. */
export const SOURCE_ACTIONS: Readonly<
  Record<
    SourceAction,
    { readonly what: string; readonly on: ActionPlace; readonly privileges: readonly string[] }
  >
> = {
  inventory: { what: 'reading the inventory', on: 'root', privileges: ['System.View', 'System.Read'] },
  datastore: {
    what: 'disks read from a datastore',
    on: 'datastore',
    privileges: ['Datastore.Browse', 'Datastore.FileManagement'],
  },
  export: { what: 'exports', on: 'machine', privileges: ['VApp.Export'] },
  vddk: {
    what: 'disks read through VDDK',
    on: 'machine',
    privileges: ['VirtualMachine.Provisioning.DiskRandomRead', 'VirtualMachine.Provisioning.GetVmFiles'],
  },
  snapshot: {
    what: 'snapshot',
    on: 'machine',
    privileges: ['VirtualMachine.State.CreateSnapshot', 'VirtualMachine.State.RemoveSnapshot'],
  },
  changeTracking: {
    what: 'changeTracking',
    on: 'machine',
    privileges: ['VirtualMachine.Config.ChangeTracking'],
  },
  // What was shut down is started again when the move fails.
  shutDown: {
    what: 'shutDown',
    on: 'machine',
    privileges: ['VirtualMachine.Interact.PowerOff', 'VirtualMachine.Interact.PowerOn'],
  },
  powerOff: {
    what: 'powerOff',
    on: 'machine',
    privileges: ['VirtualMachine.Interact.PowerOff', 'VirtualMachine.Interact.PowerOn'],
  },
  rename: { what: 'rename', on: 'machine', privileges: ['VirtualMachine.Config.Rename'] },
  disconnect: {
    what: 'disconnect',
    on: 'machine',
    privileges: ['VirtualMachine.Config.EditDevice', 'VirtualMachine.Interact.DeviceConnection'],
  },
};

/** What a migration asks for: with how it moves machines, its own word and those of single machines. */
export function actionsOf(
  { move, read, allow, shutDown, afterwards }: LivePolicy,
  moves: readonly LiveMove[],
): ReadonlySet<SourceAction> {
  const wanted = new Set<SourceAction>(['inventory', read, ...allow]);
  const all = new Set([move, ...moves]);
  if (all.has('warm')) wanted.add('changeTracking');
  if (all.has('warm') || all.has('copy')) wanted.add('snapshot');
  if (all.has('warm') || all.has('cold')) {
    wanted.add('shutDown');
    if (shutDown.otherwise === 'powerOff') wanted.add('powerOff');
  }
  if (afterwards.rename !== null) wanted.add('rename');
  if (afterwards.disconnect) wanted.add('disconnect');
  return wanted;
}
