import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportedDisks } from '../../../src/coordinator/live/exported-disks.js';
import { MIB } from '../../../src/model/units.js';
import { openVmdkAt, readWhole } from '../../support/disk-reader.js';
import { failureOf } from '../../support/failure.js';
import { diskContent } from '../../support/live-batch.js';
import { testDisk } from '../../support/machines.js';
import { type SimulatedVcenter, startVcenter, type VcenterFault } from '../../support/simulated-vcenter.js';
import { tempFiles } from '../../support/temp-files.js';
import { loggedIn } from '../../support/vcenter-caller.js';
import { createMachines, type MadeMachine } from '../../support/vcenter-machines.js';
import { connectedTo } from '../../support/vsphere-access.js';

const { folder } = tempFiles();
const CONTENT = diskContent(1, 3);
/** In the middle of what is sent of it. */
const FLIP: VcenterFault = { kind: 'flip', transfer: 'nfc', afterBytes: MIB };

let vcenter: SimulatedVcenter;
let machine: MadeMachine;

beforeAll(async () => {
  vcenter = await startVcenter({ leaseDelayMs: 1 });
  const [made] = await createMachines(vcenter, await loggedIn(vcenter), [
    { name: 'web', disks: [{ content: CONTENT }] },
  ]);
  if (made === undefined) throw new Error('nothing was made');
  machine = made;
});
afterAll(() => vcenter.close());

/** What is in the disk that the export brings. */
async function exported(name: string): Promise<Uint8Array> {
  const target = join(folder, name);
  mkdirSync(target);
  let content: Uint8Array = Buffer.alloc(0);
  const { signal } = new AbortController();
  const disks = [testDisk({ key: String(machine.disks[0]?.key), capacityBytes: CONTENT.length })];
  const what = { client: await connectedTo(vcenter), source: machine.ref, disks, jobId: 1 };
  try {
    await exportedDisks({ target, signal }, what, async ([disk]) => {
      const part = disk?.location?.kind === 'files' ? disk.location.parts[0] : undefined;
      if (part === undefined) throw new Error('no file');
      content = await readWhole(await openVmdkAt(part.range));
    });
  } finally {
    expect(readdirSync(join(target, '.xenferry', 'exports'))).toEqual([]);
  }
  return content;
}

const sendings = async () => (await vcenter.log()).filter(({ call }) => call.includes('/nfc/')).length;

describe('an export that is not what the server says it has sent', () => {
  it('is asked for once more', async () => {
    const before = await sendings();
    await vcenter.fault(FLIP);
    expect(CONTENT.equals(await exported('once'))).toBe(true);
    expect((await sendings()) - before).toBe(2);
  });

  it('is refused when it comes twice', async () => {
    await vcenter.fault({ ...FLIP, times: 2 });
    expect((await failureOf(exported('twice'))).code).toBe('MANIFEST_MISMATCH');
  });

  it('is taken where the server says nothing of it', async () => {
    const before = await sendings();
    await vcenter.fault({ kind: 'fail', method: 'HttpNfcLeaseGetManifest', fault: 'NotSupported' });
    expect(CONTENT.equals(await exported('untold'))).toBe(true);
    expect((await sendings()) - before).toBe(1);
  });
});
