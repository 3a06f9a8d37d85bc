import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { runCli } from '../support/run-cli.js';
import { tempFiles } from '../support/temp-files.js';
import { convertUnfixed, GUEST_FACTS, MBR_EXT4, vmdkOf } from '../support/vmware-guests.js';
import { expectOnXen, report } from './on-xen.js';
import { XenGuest } from './xen-guest.js';
import { XenHost } from './xen-host.js';

const { folder } = tempFiles();
let host: XenHost | undefined;

function started(): XenHost {
  if (host === undefined) throw new Error('Xen is not there');
  return host;
}

beforeAll(async () => {
  const startedAt = Date.now();
  const unfixed = await convertUnfixed(await vmdkOf(MBR_EXT4.name), folder);
  const ready = join(folder, 'ready.vhd');
  const converted = await runCli(['convert', await vmdkOf(`${MBR_EXT4.name}-ready`), ready]);
  expect(converted).toMatchObject({ exitCode: 0, stderr: '' });
  report(startedAt, 'the guests are built and converted');
  host = await XenHost.start([unfixed, ready]);
  report(startedAt, 'Xen and its dom0 are up');
});

afterAll(() => host?.stop());

it('a guest with VMware drivers only starts on Xen and does not find its disk', async () => {
  const startedAt = Date.now();
  // Throws, and so tells a broken set-up apart, unless the domain was created and set going.
  const guest = await XenGuest.start(started(), {
    device: '/dev/vdb',
    name: 'unfixed',
    mac: GUEST_FACTS.mac,
  });
  onTestFinished(() => guest.destroy());
  const { end, console } = await guest.boot();
  expect({ end, alive: await guest.isAlive() }, console.slice(-3000)).toEqual({ end: 'stuck', alive: true });
  expect(console).toMatch(/Hypervisor detected: Xen/);
  expect(console).toMatch(/Gave up waiting for root file system device/);
  expect(await guest.hasTakenDisk()).toBe(false);
  report(startedAt, 'gave up waiting for its root file system');
});

it('the same guest with all drivers and no device names runs on Xen', async () => {
  await expectOnXen(started(), '/dev/vdc', MBR_EXT4.xenRoot);
});
