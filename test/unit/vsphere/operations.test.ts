import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MIB } from '../../../src/model/units.js';
import {
  changedAreas,
  connectNics,
  createSnapshot,
  datastoreFolder,
  datastoreSpace,
  nicConnections,
  powerOff,
  powerOn,
  powerState,
  type Ref,
  reconfigureMachine,
  removeSnapshot,
  renameMachine,
  retrieve,
  retrieveOne,
  shutdownGuest,
  type VsphereClient,
  waitForPowerState,
} from '../../../src/vsphere/index.js';
import { failureOf } from '../../support/failure.js';
import { type SimulatedVcenter, startVcenter } from '../../support/simulated-vcenter.js';
import { loggedIn, type VcenterCaller } from '../../support/vcenter-caller.js';
import {
  createMachines,
  diskIn,
  type MachineSpec,
  type MadeMachine,
} from '../../support/vcenter-machines.js';
import { connectedTo } from '../../support/vsphere-access.js';

const GRAIN = 65_536;
const SETTINGS = { name: 'xenferry', description: 'job <1>', memory: false, quiesce: true };

let vcenter: SimulatedVcenter;
let caller: VcenterCaller;
let client: VsphereClient;

beforeAll(async () => {
  vcenter = await startVcenter({ areaCap: 2 });
  caller = await loggedIn(vcenter);
});
beforeEach(async () => {
  client = await connectedTo(vcenter);
});
afterAll(() => vcenter.close());

async function machine(spec: MachineSpec): Promise<MadeMachine> {
  const [made] = await createMachines(vcenter, caller, [spec]);
  if (made === undefined) throw new Error('nothing was made');
  return made;
}

async function snapshotsOf(vm: string): Promise<string[]> {
  return (await vcenter.state()).snapshots.filter((found) => found.vm === vm).map(({ name }) => name);
}

describe('a snapshot', () => {
  it('is taken and removed, those after it stay', async () => {
    const { ref, name } = await machine({ name: 'snapped', disks: [{ capacity: MIB }] });
    const first = await createSnapshot(client, ref, SETTINGS);
    await createSnapshot(client, ref, { ...SETTINGS, name: 'second' });
    expect(first.type).toBe('VirtualMachineSnapshot');
    expect(await snapshotsOf(name)).toEqual(['xenferry', 'second']);
    await removeSnapshot(client, first);
    expect(await snapshotsOf(name)).toEqual(['second']);
  });

  it('that fails tells the fault of its task', async () => {
    const { ref } = await machine({ name: 'unsnapped' });
    await vcenter.fault({
      kind: 'fail',
      method: 'CreateSnapshot_Task',
      fault: 'ApplicationQuiesceFault',
      inTask: true,
    });
    const failure = await failureOf(createSnapshot(client, ref, SETTINGS));
    expect(failure).toMatchObject({ code: 'VSPHERE_FAULT', fault: 'ApplicationQuiesceFault' });
  });

  it('is waited for in a new session when the old one ends', async () => {
    const slow = await startVcenter({ taskDelayMs: 500 });
    try {
      const [made] = await createMachines(slow, await loggedIn(slow), [{ name: 'slow' }]);
      const other = await connectedTo(slow);
      const taking = createSnapshot(other, made?.ref ?? { type: '', value: '' }, SETTINGS);
      while (!(await slow.log()).some(({ call }) => call === 'WaitForUpdatesEx'));
      await slow.fault({ kind: 'dropSessions' });
      expect((await taking).type).toBe('VirtualMachineSnapshot');
    } finally {
      await slow.close();
    }
  });
});

describe('power', () => {
  it('is turned on and off', async () => {
    const { ref } = await machine({ name: 'lamp' });
    await powerOn(client, ref);
    expect(await powerState(client, ref)).toBe('poweredOn');
    expect((await failureOf(powerOn(client, ref))).message).toContain('InvalidPowerState');
    await powerOff(client, ref);
    expect(await powerState(client, ref)).toBe('poweredOff');
  });

  it('is turned off by the guest, if it hears us', async () => {
    const { ref } = await machine({ name: 'polite', tools: true, shutdownMs: 300, running: true });
    await shutdownGuest(client, ref);
    expect(await waitForPowerState(client, ref, 'poweredOff', { milliseconds: 20_000 })).toBe(true);
    const deaf = await machine({ name: 'deaf', tools: true, ignoresShutdown: true, running: true });
    await shutdownGuest(client, deaf.ref);
    expect(await waitForPowerState(client, deaf.ref, 'poweredOff', { milliseconds: 300 })).toBe(false);
  });
});

describe('settings', () => {
  it('are changed one by one', async () => {
    const { ref } = await machine({ name: 'set', disks: [{ capacity: MIB }], annotation: 'old' });
    await reconfigureMachine(client, ref, { changeTracking: true });
    await reconfigureMachine(client, ref, { settings: { 'xenferry.job': 'a & b' } });
    const properties = ['config.annotation', 'config.changeTrackingEnabled', 'config.extraConfig'];
    const told = await retrieveOne(client, ref, properties);
    expect(told).toMatchObject({ 'config.annotation': 'old', 'config.changeTrackingEnabled': 'true' });
    expect(JSON.stringify(told)).toContain('{"_type":"OptionValue","key":"xenferry.job","value":"a & b"}');
    await reconfigureMachine(client, ref, { annotation: 'new' });
    expect((await retrieveOne(client, ref, properties))['config.annotation']).toBe('new');
  });

  it('of network cards are taken off and given back', async () => {
    const nics = [{ mac: '00:50:56:00:00:01' }, { mac: '00:50:56:00:00:02', connected: false }];
    const { ref } = await machine({ name: 'wired', nics });
    const before = await nicConnections(client, ref);
    expect(before.map(({ startConnected }) => startConnected)).toEqual([true, false]);
    const off = before.map(({ key }) => ({ key, startConnected: false, connected: false }));
    await connectNics(client, ref, off);
    expect(await nicConnections(client, ref)).toEqual(off);
    await connectNics(client, ref, before);
    expect(await nicConnections(client, ref)).toEqual(before);
    const devices = (await caller.properties(ref, 'config.hardware.device')).get('config.hardware.device');
    expect(devices).toContain('00:50:56:00:00:02');
  });

  it('have the name among them', async () => {
    const { ref } = await machine({ name: 'before' });
    await renameMachine(client, ref, 'after <&>');
    expect(await retrieveOne(client, ref, ['name'])).toEqual({ name: 'after <&>' });
  });
});

describe('changed areas', () => {
  async function areas(
    ref: Ref,
    snapshot: Ref,
    changeId: string,
    capacity = 8 * MIB,
  ): Promise<[number, number][]> {
    const found: [number, number][] = [];
    const query = { machine: ref, snapshot, diskKey: 2000, changeId, capacity };
    for await (const { start, length } of changedAreas(client, query)) {
      found.push([start / GRAIN, length / GRAIN]);
    }
    return found;
  }

  async function changeIdOf(snapshot: Ref): Promise<string> {
    const devices = (await caller.properties(snapshot, 'config.hardware.device')).get(
      'config.hardware.device',
    );
    return diskIn(devices ?? '', 2000).changeId;
  }

  it('are those that were written between two snapshots, in as many answers as it takes', async () => {
    const { ref, name } = await machine({
      name: 'tracked',
      disks: [{ content: Buffer.alloc(GRAIN, 1), capacity: 8 * MIB }],
      changeTracking: true,
      running: true,
    });
    const first = await createSnapshot(client, ref, SETTINGS);
    expect(await areas(ref, first, '*')).toEqual([[0, 1]]);
    for (const grain of [3, 5, 6, 20, 40, 127]) {
      await vcenter.write(name, 2000, grain * GRAIN + 7, Buffer.from('x'));
    }
    const second = await createSnapshot(client, ref, SETTINGS);
    const since = await changeIdOf(first);
    // The server tells of two areas an answer.
    expect(await areas(ref, second, since)).toEqual([
      [3, 1],
      [5, 2],
      [20, 1],
      [40, 1],
      [127, 1],
    ]);
    // A list of what is allocated that goes beyond the disk is none to leave anything out by.
    await expect(areas(ref, second, '*', 4 * MIB)).rejects.toMatchObject({ code: 'VSPHERE_PROTOCOL' });
    await vcenter.fault({ kind: 'resetTracking', vm: name });
    await expect(areas(ref, second, since)).rejects.toMatchObject({ fault: 'FileFault' });
  });
});

describe('a datastore', () => {
  it('tells its free space and its files', async () => {
    const { name } = await machine({ name: 'stored', disks: [{ capacity: MIB }] });
    await vcenter.freeSpace('LocalDS_0', 123 * MIB);
    for await (const [store] of retrieve(client, { type: 'Datastore', properties: ['name'] })) {
      const datastore = store?.ref ?? { type: '', value: '' };
      expect(await datastoreSpace(client, datastore)).toMatchObject({ name: 'LocalDS_0', free: 123 * MIB });
      const files = await datastoreFolder(client, datastore, `[LocalDS_0] ${name}`);
      const modifiedAt = expect.stringMatching(/^\d{4}-\d{2}-\d{2}T/);
      expect(files).toContainEqual({ name: 'stored-flat.vmdk', length: MIB, isFolder: false, modifiedAt });
      const failure = await failureOf(datastoreFolder(client, datastore, '[LocalDS_0] nowhere'));
      expect(failure).toMatchObject({ code: 'VSPHERE_FAULT', fault: 'FileNotFound' });
    }
  });
});
