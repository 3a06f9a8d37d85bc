import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MIB } from '../../../src/model/units.js';
import {
  createSnapshot,
  type ExportLease,
  ovfDescriptor,
  type Ref,
  type VsphereClient,
  withExportLease,
} from '../../../src/vsphere/index.js';
import { openVmdkAt, readWhole } from '../../support/disk-reader.js';
import { failureOf } from '../../support/failure.js';
import { type SimulatedVcenter, startVcenter } from '../../support/simulated-vcenter.js';
import { tempFiles } from '../../support/temp-files.js';
import { loggedIn } from '../../support/vcenter-caller.js';
import { createMachines, type MachineSpec } from '../../support/vcenter-machines.js';
import { connectedTo } from '../../support/vsphere-access.js';

const { put } = tempFiles();
const CONTENT = Buffer.alloc(4 * MIB);
CONTENT.fill('begin', 0, 1_000_000);
CONTENT.fill('end', 3 * MIB);

let vcenter: SimulatedVcenter;
let client: VsphereClient;

beforeAll(async () => {
  vcenter = await startVcenter({ leaseTimeoutSeconds: 1 });
});
beforeEach(async () => {
  client = await connectedTo(vcenter);
});
afterAll(() => vcenter.close());

async function machine(spec: Partial<MachineSpec> & { readonly name: string }): Promise<Ref> {
  const whole = { disks: [{ content: CONTENT }], ...spec };
  const [made] = await createMachines(vcenter, await loggedIn(vcenter), [whole]);
  if (made === undefined) throw new Error('nothing was made');
  return made.ref;
}

async function firstDisk(lease: ExportLease): Promise<Buffer> {
  const disk = lease.files.find(({ isDisk }) => isDisk);
  if (disk === undefined) throw new Error('no disk');
  const pieces: Uint8Array[] = [];
  for await (const piece of lease.download(disk)) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function leaseOf(vm: string): Promise<string | undefined> {
  return (await vcenter.state()).leases.findLast((lease) => lease.vm === vm)?.state;
}

describe('an export', () => {
  it('of a machine that is off brings its disk, and a descriptor', async () => {
    const ref = await machine({ name: 'cold' });
    const [disk, descriptor] = await withExportLease(client, ref, async (lease) => {
      expect(lease.capacity).toBe(CONTENT.length);
      const bytes = await firstDisk(lease);
      const deviceId = lease.files[0]?.key ?? '';
      const files = [{ deviceId, path: 'cold-disk.vmdk', size: bytes.length }];
      return [bytes, await ovfDescriptor(client, ref, { name: 'cold', files })];
    });
    const image = await openVmdkAt(put('cold.vmdk', disk));
    expect(image.format).toBe('streamOptimized');
    expect((await readWhole(image)).equals(CONTENT)).toBe(true);
    expect(descriptor).toContain('cold-disk.vmdk');
    expect(await leaseOf('cold')).toBe('done');
  });

  it('of a snapshot brings the disk as it was, while the machine writes', async () => {
    const ref = await machine({ name: 'warm', running: true });
    const settings = { name: 's', description: '', memory: false, quiesce: false };
    const snapshot = await createSnapshot(client, ref, settings);
    await vcenter.write('warm', 2000, 0, Buffer.alloc(MIB, 7));
    const disk = await withExportLease(client, snapshot, firstDisk);
    expect((await readWhole(await openVmdkAt(put('warm.vmdk', disk)))).equals(CONTENT)).toBe(true);
  });

  it('is kept alive for longer than the server waits', async () => {
    const ref = await machine({ name: 'slow' });
    await withExportLease(client, ref, async (lease) => {
      lease.report(0.42);
      await delay(2_500);
      expect((await vcenter.state()).leases).toContainEqual({ vm: 'slow', state: 'ready', progress: 42 });
      expect((await firstDisk(lease)).length).toBeGreaterThan(1_000);
    });
  });

  it('is given back when the work fails, with its failure', async () => {
    const ref = await machine({ name: 'failed' });
    const work = withExportLease(client, ref, () => Promise.reject(new Error('no room')));
    await expect(work).rejects.toThrow('no room');
    expect(await leaseOf('failed')).toBe('error');
  });

  it('is given back when it is stopped while the disk comes', async () => {
    const ref = await machine({ name: 'stopped' });
    await vcenter.fault({ kind: 'slow', transfer: 'nfc', bytesPerSecond: 1_000 });
    const stop = AbortSignal.timeout(500);
    const work = withExportLease(
      client,
      ref,
      async (lease) => {
        const [file] = lease.files;
        if (file !== undefined) for await (const _piece of lease.download(file, stop));
      },
      stop,
    );
    expect((await failureOf(work)).code).toBe('CANCELED');
    expect(await leaseOf('stopped')).toBe('error');
  });

  it('that the server ends says so at once', async () => {
    const ref = await machine({ name: 'ended' });
    await vcenter.fault({ kind: 'slow', transfer: 'nfc', bytesPerSecond: 1_000 });
    const work = withExportLease(client, ref, async (lease) => {
      const reading = firstDisk(lease);
      await vcenter.fault({ kind: 'expireLeases' });
      return await reading;
    });
    expect((await failureOf(work)).code).toMatch(/^VSPHERE_(?:LEASE_LOST|UNREACHABLE)$/);
    // The lease may have ended before anything was sent.
    await vcenter.fault({ kind: 'clear' });
  });

  it('whose connection breaks tells that the disk did not come', async () => {
    const ref = await machine({ name: 'cut' });
    await vcenter.fault({ kind: 'cut', transfer: 'nfc', afterBytes: 1_000 });
    const failure = await failureOf(withExportLease(client, ref, firstDisk));
    expect(failure.code).toBe('VSPHERE_UNREACHABLE');
  });

  it('of a machine that runs is refused', async () => {
    const ref = await machine({ name: 'running', running: true });
    const failure = await failureOf(withExportLease(client, ref, firstDisk));
    expect(failure).toMatchObject({ code: 'VSPHERE_FAULT', fault: 'InvalidPowerState' });
  });
});
