import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { createOverlay } from '../../../../src/guests/access/overlay.js';
import type { ImageFormat } from '../../../../src/images/index.js';
import { MIB } from '../../../../src/model/units.js';
import { makeMixedRaw, makeVmdk } from '../../../support/disk-maker.js';
import { failureOf } from '../../../support/failure.js';
import { overTcp, qemuNbd } from '../../../support/nbd-server.js';
import { tempFiles } from '../../../support/temp-files.js';

const { folder } = tempFiles();
const RAW = join(folder, 'disk.raw');
const VMDK = join(folder, 'disk.vmdk');

beforeAll(async () => {
  await makeMixedRaw(RAW, 40 * MIB);
  await makeVmdk(RAW, VMDK, 'streamOptimized');
});

describe('an overlay', () => {
  it.each<[string, string, ImageFormat, boolean]>([
    ['on the bytes of a disk', RAW, 'raw', false],
    ['on those of an image', VMDK, 'vmdk', false],
    ['over TCP', RAW, 'raw', true],
  ])('on an NBD export, %s, shows the disk', async (name, file, format, tcp) => {
    const socket = join(folder, `${name}.socket`);
    const unix = await qemuNbd(file, 'raw', socket);
    const uri = tcp ? await overTcp(socket, 'disk') : unix.replace(socket, encodeURIComponent(socket));
    const { overlay } = await createOverlay(
      { format, location: { kind: 'nbd', uri } },
      join(folder, `${name}.qcow2`),
    );
    const { stdout } = await execa('qemu-img', ['compare', '-f', 'raw', '-F', 'qcow2', RAW, overlay]);
    expect(stdout).toContain('Images are identical');
  });

  it('cannot lie on a disk that QEMU cannot reach', async () => {
    const range = { path: RAW, offset: 0, length: 20 * MIB };
    const second = { ...range, offset: 20 * MIB };
    const failure = await failureOf(
      createOverlay(
        { format: 'raw', location: { kind: 'files', ranges: [range, second] } },
        join(folder, 'none.qcow2'),
      ),
    );
    expect(failure.code).toBe('GUEST_REFUSED');
  });
});
