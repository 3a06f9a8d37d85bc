import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MIB } from '../../src/model/units.js';
import { type SimulatedVcenter, simulatedVcenter, startVcenter } from '../support/simulated-vcenter.js';
import { tempFiles } from '../support/temp-files.js';
import {
  loggedIn,
  type ManagedObject,
  refXml,
  textOf,
  type VcenterCaller,
  vcenterCaller,
} from '../support/vcenter-caller.js';
import { createMachines, diskIn, type MachineSpec, type MadeMachine } from '../support/vcenter-machines.js';

const GRAIN = 65_536;
const { folder, put } = tempFiles();

let vcenter: SimulatedVcenter;
let caller: VcenterCaller;

beforeAll(async () => {
  vcenter = await startVcenter({ areaCap: 2, leaseTimeoutSeconds: 1 });
  caller = await loggedIn(vcenter);
});

afterAll(() => vcenter.close());

/** A disk of 4 MiB with data in its first and its last grain. */
function content(): Buffer {
  const bytes = Buffer.alloc(4 * MIB);
  bytes.fill('begin', 0, 1000);
  bytes.fill('end', 4 * MIB - 1000);
  return bytes;
}

/** Vitest takes minutes to compare disks byte by byte. */
function sum(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function machine(spec: MachineSpec): Promise<MadeMachine> {
  const [made] = await createMachines(vcenter, caller, [spec]);
  if (made === undefined) throw new Error('nothing was made');
  return made;
}

async function snapshot(vm: ManagedObject, name = 'xenferry'): Promise<ManagedObject> {
  const args = `<name>${name}</name><memory>false</memory><quiesce>false</quiesce>`;
  return { type: 'VirtualMachineSnapshot', value: await caller.task('CreateSnapshot_Task', vm, args) };
}

async function removeSnapshot(of: ManagedObject): Promise<void> {
  await caller.task('RemoveSnapshot_Task', of, '<removeChildren>false</removeChildren>');
}

async function disk(of: ManagedObject, key = 2000): Promise<{ file: string; changeId: string }> {
  return diskIn(
    (await caller.properties(of, 'config.hardware.device')).get('config.hardware.device') ?? '',
    key,
  );
}

function flat(of: MadeMachine, range?: string) {
  const file = of.disks[0]?.flatFile ?? '';
  const path = `/folder/${encodeURI(file)}?dcPath=DC0&dsName=LocalDS_0`;
  return caller.get(path, range === undefined ? {} : { range });
}

/** What has changed, as `start+length`, asked for in as many pieces as it takes. */
async function changed(vm: ManagedObject, at: ManagedObject, changeId: string): Promise<string[]> {
  const areas: string[] = [];
  for (let from = 0; from < 4 * MIB; ) {
    const asked = `${refXml('snapshot', at)}<deviceKey>2000</deviceKey><startOffset>${from}</startOffset><changeId>${changeId}</changeId>`;
    const told = await caller.call('QueryChangedDiskAreas', vm, asked);
    for (const [, start, length] of told.matchAll(/<changedArea><start>(\d+)<\/start><length>(\d+)</g)) {
      areas.push(`${start}+${length}`);
    }
    const covered = Number(/<startOffset>\d+<\/startOffset><length>(\d+)</.exec(told)?.[1]);
    expect(covered).toBeGreaterThan(0);
    from += covered;
  }
  return areas;
}

async function lease(method: string, of: ManagedObject): Promise<{ ref: ManagedObject; path: string }> {
  const ref = { type: 'HttpNfcLease', value: await caller.call(method, of) };
  for (;;) {
    const told = await caller.properties(ref, 'state', 'info');
    if (told.get('state') === 'ready') {
      const url = textOf(told.get('info') ?? '', 'url');
      return { ref, path: url.replace('https://*', '') };
    }
  }
}

/** The content of a stream-optimized VMDK, by qemu-img. */
function rawOf(vmdk: Buffer): Buffer {
  const from = put('disk.vmdk', vmdk).path;
  const to = join(folder, 'disk.raw');
  execFileSync('qemu-img', ['convert', '-f', 'vmdk', '-O', 'raw', from, to]);
  return readFileSync(to);
}

describe('a simulated vCenter', () => {
  it('has the certificate that it tells', () => {
    expect(new X509Certificate(vcenter.certificate).fingerprint256).toBe(vcenter.fingerprint);
  });

  it('lets in who knows the password, over SOAP and over REST', async () => {
    await expect(loggedIn(vcenter, { user: vcenter.user, password: 'wrong' })).rejects.toThrow(
      'InvalidLogin',
    );
    const nobody = vcenterCaller(vcenter);
    const vm = { type: 'VirtualMachine', value: 'vm-1' };
    await expect(nobody.call('PowerOffVM_Task', vm)).rejects.toThrow('NotAuthenticated');
    expect((await nobody.get('/folder/?dcPath=DC0&dsName=LocalDS_0')).status).toBe(401);
  });

  it('keeps what a machine was made of', async () => {
    const { ref, disks } = await machine({
      name: 'all kinds',
      firmware: 'efi',
      disks: [
        { capacity: MIB, controller: 'pvscsi' },
        { capacity: 2 * MIB, controller: 'sata' },
        { capacity: 3 * MIB, controller: 'nvme', mode: 'independent_persistent' },
        { capacity: 4 * MIB, controller: 'lsisas', rawDevice: 'physicalMode' },
      ],
      nics: [{ model: 'VirtualE1000e', mac: '00:50:56:01:02:03' }],
      addresses: [['192.0.2.7/24', '2001:db8::7/64']],
      tools: true,
      hostName: 'web',
    });
    const told = await caller.properties(ref, 'config.firmware', 'config.hardware.device', 'guest.net');
    const devices = told.get('config.hardware.device') ?? '';
    expect(told.get('config.firmware')).toBe('efi');
    expect([...devices.matchAll(/<capacityInBytes>(\d+)</g)].map(([, size]) => Number(size) / MIB)).toEqual([
      1, 2, 3, 4,
    ]);
    expect(devices).toContain('ParaVirtualSCSIController');
    expect(devices).toContain('<compatibilityMode>physicalMode</compatibilityMode>');
    expect(textOf(devices, 'macAddress')).toBe('00:50:56:01:02:03');
    expect(told.get('guest.net')).toContain('<ipAddress>2001:db8::7</ipAddress>');
    const descriptor = (disks[1]?.flatPath ?? '').replace('-flat.vmdk', '.vmdk');
    expect(await readFile(descriptor, 'utf8')).toContain('RW 4096 VMFS "all kinds_1-flat.vmdk"');
    // Raw device mappings stay what they are when the machine is changed.
    await caller.task('ReconfigVM_Task', ref, '<spec><annotation>kept</annotation></spec>');
    const after = await caller.properties(ref, 'config.hardware.device');
    expect(after.get('config.hardware.device')).toContain('physicalMode');
  });

  it('gives ranges of a disk that nobody writes to', async () => {
    const made = await machine({ name: 'ranges', disks: [{ content: content() }] });
    const { status, headers, body } = await flat(made, 'bytes=10-19');
    expect([status, headers['content-range']]).toEqual([206, `bytes 10-19/${4 * MIB}`]);
    expect(body).toEqual(content().subarray(10, 20));
    expect(sum((await flat(made)).body)).toBe(sum(content()));
  });

  it('freezes a disk with a snapshot while the guest writes on, and takes that in afterwards', async () => {
    const made = await machine({ name: 'frozen', disks: [{ content: content() }], running: true });
    expect((await flat(made)).status).toBe(500);
    const first = await snapshot(made.ref);
    await vcenter.write('frozen', 2000, 100, Buffer.from('written later'));
    expect((await disk(made.ref)).file).toBe('[LocalDS_0] frozen/frozen-000001.vmdk');
    expect((await disk(first)).file).toBe('[LocalDS_0] frozen/frozen.vmdk');
    expect(sum((await flat(made)).body)).toBe(sum(content()));
    const second = await snapshot(made.ref, 'another');
    await vcenter.write('frozen', 2000, 5 * GRAIN - 2, Buffer.from('over two grains'));
    await removeSnapshot(first);
    const expected = content();
    expected.write('written later', 100);
    expect(sum((await flat(made)).body)).toBe(sum(expected));
    expect((await disk(second)).file).toBe('[LocalDS_0] frozen/frozen.vmdk');
    await removeSnapshot(second);
    expect((await disk(made.ref)).file).toBe('[LocalDS_0] frozen/frozen.vmdk');
    await caller.task('PowerOffVM_Task', made.ref);
    expected.write('over two grains', 5 * GRAIN - 2);
    expect(sum((await flat(made)).body)).toBe(sum(expected));
    expect((await vcenter.state()).snapshots).toEqual([]);
  });

  it('tells which areas have changed between two snapshots', async () => {
    const { ref } = await machine({ name: 'tracked', disks: [{ content: content() }], running: true });
    const untracked = await snapshot(ref);
    expect((await disk(untracked)).changeId).toBe('');
    await expect(changed(ref, untracked, '*')).rejects.toThrow('FileFault');
    await removeSnapshot(untracked);
    await caller.task(
      'ReconfigVM_Task',
      ref,
      '<spec><changeTrackingEnabled>true</changeTrackingEnabled></spec>',
    );
    expect((await disk(ref)).changeId).toBe('');

    const first = await snapshot(ref);
    const { changeId } = await disk(first);
    expect(changeId).toMatch(/^52( [0-9a-f]{2}){7}-[0-9a-f]{2}( [0-9a-f]{2}){7}\/1$/);
    expect(await changed(ref, first, '*')).toEqual([`0+${GRAIN}`, `${4 * MIB - GRAIN}+${GRAIN}`]);
    for (const at of [0, 1, 10, 20, 21, 30].map((grain) => grain * GRAIN)) {
      await vcenter.write('tracked', 2000, at + 7, Buffer.from('x'));
    }
    await removeSnapshot(first);
    const second = await snapshot(ref);
    await vcenter.write('tracked', 2000, 50 * GRAIN, Buffer.from('after the second'));
    const areas = [
      `0+${2 * GRAIN}`,
      `${10 * GRAIN}+${GRAIN}`,
      `${20 * GRAIN}+${2 * GRAIN}`,
      `${30 * GRAIN}+${GRAIN}`,
    ];
    expect(await changed(ref, second, changeId)).toEqual(areas);

    await vcenter.fault({ kind: 'resetTracking', vm: 'tracked' });
    const third = await snapshot(ref);
    await expect(changed(ref, third, changeId)).rejects.toThrow(
      'FileFault: Error caused by file /vmfs/volumes/',
    );
    await expect(changed(ref, third, 'nonsense')).rejects.toThrow('InvalidArgument');
    await caller.task('RemoveAllSnapshots_Task', ref);
  });

  it('exports what a snapshot has frozen, and a machine that is off', async () => {
    const { ref, name } = await machine({ name: 'exported', disks: [{ content: content() }], running: true });
    await expect(caller.call('ExportVm', ref)).rejects.toThrow('InvalidPowerState');
    await snapshot(ref);
    await vcenter.write(name, 2000, 0, Buffer.from('first'));
    const frozen = await snapshot(ref);
    await vcenter.write(name, 2000, 0, Buffer.from('second'));

    const open = await lease('ExportSnapshot', frozen);
    const sent = await caller.get(open.path);
    expect(sent.headers['content-length']).toBeUndefined();
    const expected = content();
    expected.write('first');
    expect(sum(rawOf(sent.body))).toBe(sum(expected));
    await expect(removeSnapshot(frozen)).rejects.toThrow('TaskInProgress');
    expect(await caller.call('HttpNfcLeaseGetManifest', open.ref)).toContain(
      `<size>${sent.body.length}</size>`,
    );
    await caller.call('HttpNfcLeaseComplete', open.ref);
    expect((await caller.get(open.path)).status).toBe(404);

    await caller.task('PowerOffVM_Task', ref);
    const cold = await lease('ExportVm', ref);
    expected.write('second');
    expect(sum(rawOf((await caller.get(cold.path)).body))).toBe(sum(expected));
    const descriptor = await caller.call(
      'CreateDescriptor',
      { type: 'OvfManager', value: 'OvfManager' },
      `${refXml('obj', ref)}<cdp/>`,
    );
    expect(descriptor).toContain(`ovf:capacity=&#34;${4 * MIB}&#34;`);
    await caller.call('HttpNfcLeaseAbort', cold.ref);
    await caller.task('RemoveAllSnapshots_Task', ref);
  });

  it('ends a lease that nobody keeps alive', async () => {
    const { ref } = await machine({ name: 'forgotten', disks: [{ capacity: MIB }] });
    const { ref: open } = await lease('ExportVm', ref);
    await caller.call('HttpNfcLeaseProgress', open, '<percent>10</percent>');
    await expect
      .poll(async () => (await caller.properties(open, 'state')).get('state'), { timeout: 5_000 })
      .toBe('error');
    await expect(caller.call('HttpNfcLeaseProgress', open, '<percent>20</percent>')).rejects.toThrow(
      'InvalidState',
    );
  });

  it('shuts guests down that have tools and listen', async () => {
    const { ref, name } = await machine({ name: 'guest', running: true });
    await expect(caller.call('ShutdownGuest', ref)).rejects.toThrow('ToolsUnavailable');
    await vcenter.guest({ vm: name, tools: true, ignoresShutdown: true, shutdownMs: 1 });
    await caller.call('ShutdownGuest', ref);
    expect((await caller.properties(ref, 'runtime.powerState')).get('runtime.powerState')).toBe('poweredOn');
    await vcenter.guest({ vm: name, ignoresShutdown: false });
    await caller.call('ShutdownGuest', ref);
    await expect
      .poll(async () => (await caller.properties(ref, 'runtime.powerState')).get('runtime.powerState'))
      .toBe('poweredOff');
  });

  it('disconnects a network card and keeps the rest of it', async () => {
    const { ref } = await machine({ name: 'card', nics: [{ mac: '00:50:56:0a:0b:0c' }] });
    const connectable =
      '<connectable><startConnected>false</startConnected><allowGuestControl>true</allowGuestControl><connected>false</connected></connectable>';
    const change = `<deviceChange xsi:type="VirtualDeviceConfigSpec"><operation>edit</operation><device xsi:type="VirtualVmxnet3"><key>4000</key>${connectable}</device></deviceChange>`;
    await caller.task('ReconfigVM_Task', ref, `<spec>${change}</spec>`);
    const devices =
      (await caller.properties(ref, 'config.hardware.device')).get('config.hardware.device') ?? '';
    expect(devices).toContain('<startConnected>false</startConnected>');
    expect(textOf(devices, 'macAddress')).toBe('00:50:56:0a:0b:0c');
  });

  it('does what goes wrong as it is told', async () => {
    const made = await machine({ name: 'faulty', disks: [{ content: content() }] });
    await vcenter.fault(
      { kind: 'fail', method: 'CreateSnapshot_Task', fault: 'NoDiskSpace', inTask: true },
      { kind: 'fail', method: 'ExportVm', fault: 'HostNotConnected' },
      { kind: 'cut', transfer: 'folder', afterBytes: 100_000 },
    );
    await expect(snapshot(made.ref)).rejects.toThrow('NoDiskSpace');
    await expect(caller.call('ExportVm', made.ref)).rejects.toThrow('HostNotConnected');
    const cut = await flat(made);
    expect([cut.broken, sum(cut.body)]).toEqual([true, sum(content().subarray(0, 100_000))]);
    expect((await flat(made)).broken).toBe(false);

    const other = await loggedIn(vcenter);
    await vcenter.fault({ kind: 'dropSessions' });
    await expect(other.properties(made.ref, 'name')).rejects.toThrow('NotAuthenticated');
    caller = await loggedIn(vcenter);
    const calls = (await vcenter.log()).map(({ call }) => call);
    expect(calls.filter((call) => call === 'ExportVm').length).toBeGreaterThan(0);
    expect((await vcenter.state()).sessions).toHaveLength(1);
  });
});

describe('a simulated ESXi host', () => {
  it('says that it is one, and has machines', async () => {
    const esx = await simulatedVcenter({ esx: true });
    const session = await loggedIn(esx);
    const service = { type: 'ServiceInstance', value: 'ServiceInstance' };
    expect(textOf(await session.call('RetrieveServiceContent', service), 'apiType')).toBe('HostAgent');
    const [made] = await createMachines(esx, session, [{ name: 'alone', disks: [{ content: content() }] }]);
    const path = `/folder/${made?.disks[0]?.flatFile}?dcPath=ha-datacenter&dsName=LocalDS_0`;
    expect(sum((await session.get(path)).body)).toBe(sum(content()));
  });
});
