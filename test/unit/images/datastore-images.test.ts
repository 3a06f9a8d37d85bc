import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { detectFormat, openImage, readImageInfo } from '../../../src/images/index.js';
import { openBytes } from '../../../src/images/open-bytes.js';
import { readBytes } from '../../../src/io/byte-source.js';
import { MIB } from '../../../src/model/units.js';
import type { DatastoreLocation } from '../../../src/model/virtual-machine.js';
import { readWhole } from '../../support/disk-reader.js';
import { failureOf } from '../../support/failure.js';
import { type SimulatedVcenter, startVcenter } from '../../support/simulated-vcenter.js';
import { tempFiles } from '../../support/temp-files.js';
import { loggedIn, type VcenterCaller } from '../../support/vcenter-caller.js';
import { createMachines } from '../../support/vcenter-machines.js';
import { referenceTo } from '../../support/vsphere-access.js';

const NAME = 'web & dë [1] 100%';
const { put } = tempFiles();
const CONTENT = Buffer.alloc(12 * MIB);
for (let at = 0; at < CONTENT.length; at += 4096) CONTENT.writeDoubleLE(Math.sqrt(at), at + (at % 4080));

let vcenter: SimulatedVcenter;
let caller: VcenterCaller;

beforeAll(async () => {
  vcenter = await startVcenter();
  caller = await loggedIn(vcenter);
  await createMachines(vcenter, caller, [{ name: NAME, disks: [{ content: CONTENT }] }]);
});
afterAll(() => vcenter.close());

function located(path = `${NAME}/${NAME}.vmdk`): DatastoreLocation {
  const server = referenceTo(vcenter);
  return { kind: 'datastore', server, datacenter: 'DC0', datastore: 'LocalDS_0', path };
}

/** Ours; the tests' own calls have another name. */
async function sessions(): Promise<number> {
  return (await vcenter.state()).sessions.filter(({ userAgent }) => userAgent === 'xenferry').length;
}

describe('a disk of a datastore', () => {
  it('is read by its descriptor, with one session for all of its files', async () => {
    const location = located();
    expect(await detectFormat(location)).toBe('vmdk');
    const image = await openImage({ format: 'vmdk', location });
    expect(image.byteLength).toBe(CONTENT.length);
    expect(image.files).toHaveLength(2);
    expect(await sessions()).toBe(1);
    expect((await readWhole(image)).equals(CONTENT)).toBe(true);
  });

  it('leaves no session when it is closed', async () => {
    await readImageInfo({ format: 'vmdk', location: located() });
    for (let looks = 0; looks < 50 && (await sessions()) > 0; looks++) await delay(100);
    expect(await sessions()).toBe(0);
  });

  it('is read although connections break and sessions end in between', async () => {
    const image = await openImage({ format: 'vmdk', location: located() });
    await vcenter.fault({ kind: 'cut', transfer: 'folder', path: '-flat', afterBytes: 100_000, times: 2 });
    await vcenter.fault({ kind: 'dropSessions' });
    caller = await loggedIn(vcenter);
    expect((await readWhole(image)).equals(CONTENT)).toBe(true);
    expect(await sessions()).toBe(1);
  });

  it('is read by several at once, in parts', async () => {
    const bytes = await openBytes(located(`${NAME}/${NAME}-flat.vmdk`));
    await vcenter.fault({ kind: 'dropSessions' });
    const parts = await Promise.all([0, 3, 6, 9].map((at) => readBytes(bytes, at * MIB, 3 * MIB)));
    expect(Buffer.concat(parts).equals(CONTENT)).toBe(true);
    bytes.close();
  });

  it('that is not there, and a path that leads out, are refused', async () => {
    const missing = failureOf(openBytes(located('nowhere/x.vmdk')));
    expect((await missing).code).toBe('SOURCE_NOT_FOUND');
    for (const path of ['../x.vmdk', 'vm/../../x.vmdk', '/vm//x.vmdk', '.']) {
      expect((await failureOf(openBytes(located(path)))).code).toBe('CONFIG_INVALID');
    }
  });

  it('is not opened with a wrong password', async () => {
    const password = { file: put('wrong', 'kestrel-9').path };
    const location = { ...located(), server: { ...referenceTo(vcenter), password } };
    expect((await failureOf(openBytes(location))).code).toBe('VSPHERE_LOGIN');
  });
});
