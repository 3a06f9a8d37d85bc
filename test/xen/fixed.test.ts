import { afterAll, beforeAll, it } from 'vitest';
import { tempFiles } from '../support/temp-files.js';
import { convertFixed, LVM_XFS, MBR_EXT4, UEFI_GPT } from '../support/vmware-guests.js';
import { expectOnXen, report } from './on-xen.js';
import { XenHost } from './xen-host.js';

const GUESTS = [MBR_EXT4, LVM_XFS, UEFI_GPT];

const { folder } = tempFiles();
let host: XenHost | undefined;

beforeAll(async () => {
  const startedAt = Date.now();
  const vhds: string[] = [];
  for (const guest of GUESTS) vhds.push(await convertFixed(guest, folder));
  report(startedAt, 'the guests are built, fixed and converted');
  host = await XenHost.start(vhds);
  report(startedAt, 'Xen and its dom0 are up');
});

afterAll(() => host?.stop());

it.each(
  GUESTS.map((guest, index) => ({ ...guest, device: `/dev/vd${'bcd'[index]}` })),
)('a fixed and converted guest runs on Xen: $name', async ({ device, xenRoot }) => {
  if (host === undefined) throw new Error('Xen is not there');
  await expectOnXen(host, device, xenRoot);
});
