import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openAnyGuest } from '../../../../src/guests/access/open-any-guest.js';
import { GUEST_TOOLS } from '../../../../src/guests/tools/guest-tools.js';
import { failureOf } from '../../../support/failure.js';
import {
  canMount,
  emptyFile,
  hostTree,
  mountsIn,
  overlaidVmdk,
  partition,
  putExt4,
  tool,
} from '../../../support/guest-disks.js';
import { tempFiles } from '../../../support/temp-files.js';
import { standIn } from './libguestfs/stand-in.js';

const { folder } = tempFiles();

beforeEach(() => vi.stubEnv('LUKS_KEY_OF_THE_TESTS', 'secret'));
afterEach(() => vi.unstubAllEnvs());

/** A disk with an ext4 system on its first partition, and a second one that begins with `bytes`. */
async function disk(name: string, fstab: string, bytes: Buffer) {
  const own = join(folder, name);
  await mkdir(own);
  const raw = await emptyFile(join(own, 'disk.raw'), 40);
  await partition(raw, 'label: gpt\nstart=1MiB, size=16MiB, type=L\nstart=20MiB, size=16MiB, type=L\n');
  const tree = await hostTree(join(own, 'root'), { 'etc/fstab': fstab, 'usr/bin/sh': 'x' });
  await putExt4(raw, 1, 16, tree);
  const file = await readFile(raw);
  bytes.copy(file, 20 * 2 ** 20);
  await writeFile(raw, file);
  return { disk: await overlaidVmdk(raw, own), workFolder: join(own, 'work'), own };
}

const LUKS = Buffer.concat([Buffer.from('LUKS\xba\xbe\0\x02', 'latin1'), Buffer.alloc(504)]);

/** A guestfish that says who called it, then fails. */
async function withGuestfish(own: string): Promise<void> {
  await standIn(join(own, 'bin'), '-run*) echo "libguestfs: error: stand-in" >&2 ;;');
  vi.stubEnv('PATH', `${join(own, 'bin')}${delimiter}${process.env.PATH}`);
}

/** Links to every program that is needed but guestfish, which may well be installed. */
async function pathWithoutGuestfish(): Promise<string> {
  const bin = join(folder, 'without');
  await mkdir(bin);
  const programs = GUEST_TOOLS.map(({ program }) => program).filter((program) => program !== 'guestfish');
  for (const program of programs) {
    const { stdout, exitCode } = await tool('which', [program]);
    if (exitCode === 0) await symlink(stdout, join(bin, program));
  }
  return bin;
}

const KEYS = [{ environment: 'LUKS_KEY_OF_THE_TESTS' }];

describe.skipIf(!canMount)('openAnyGuest (needs FUSE)', () => {
  it('opens what needs no libguestfs without it, and tells of the volume it passed over', async () => {
    const { disk: one, workFolder, own } = await disk('direct', '/dev/sda1 / ext4 defaults 0 1\n', LUKS);
    await withGuestfish(own);
    const guest = await openAnyGuest([one], { workFolder });
    expect(guest.backends).toEqual({ '/dev/sda1': 'fuse2fs' });
    expect(guest.problems).toEqual([expect.stringContaining('/dev/sda2: the volume is encrypted with LUKS')]);
    await guest.close();
  });

  it.each([
    [
      'a part of the system that nobody sees',
      'UUID=12345678-aaaa-bbbb-cccc-1234567890ab /usr ext4 defaults 0 1\n',
    ],
    ['no known name', '/dev/mapper/sda2_crypt /var ext4 defaults 0 1\n'],
  ])('goes to libguestfs for a volume with %s', async (name, fstab) => {
    const { disk: one, workFolder, own } = await disk(name.replaceAll(' ', '-'), fstab, LUKS);
    await withGuestfish(own);
    const failure = await failureOf(
      openAnyGuest([one], { workFolder, keys: KEYS, cacheFolder: join(own, 'cache') }),
    );
    expect(failure).toMatchObject({ code: 'TOOL_FAILED', message: expect.stringContaining('stand-in') });
    expect(await mountsIn(workFolder)).toEqual([]);
  });

  it('says how libguestfs is installed where it is needed and missing', async () => {
    const fstab = '/dev/mapper/sda2_crypt /var ext4 defaults 0 1\n';
    const { disk: one, workFolder } = await disk('missing', fstab, LUKS);
    vi.stubEnv('PATH', await pathWithoutGuestfish());
    const failure = await failureOf(openAnyGuest([one], { workFolder, keys: KEYS }));
    expect(failure).toMatchObject({
      code: 'GUEST_REFUSED',
      message: expect.stringContaining('/var may be on /dev/sda2: the volume is encrypted with LUKS'),
      hint: expect.stringContaining('guestfish libguestfs-xfs linux-image-cloud-amd64'),
    });
  });

  it('does not ask libguestfs where all that it could open wants a key that nobody gave', async () => {
    const fstab = '/dev/mapper/sda2_crypt /var ext4 defaults 0 1\n';
    const { disk: one, workFolder, own } = await disk('keyless', fstab, LUKS);
    await withGuestfish(own);
    const failure = await failureOf(openAnyGuest([one], { workFolder }));
    expect(failure).toMatchObject({
      code: 'GUEST_REFUSED',
      hint: expect.stringContaining('--luks-key-file'),
    });
  });

  it('does not ask libguestfs when the missing volume may be missing', async () => {
    const fstab = '/dev/mapper/sda2_crypt /var/data ext4 defaults,nofail 0 1\n';
    const { disk: one, workFolder, own } = await disk('nofail', fstab, LUKS);
    await withGuestfish(own);
    const guest = await openAnyGuest([one], { workFolder });
    await guest.close();
    expect(guest.family).toBe('linux');
  });

  it('takes libguestfs at once for a guest that is to be isolated', async () => {
    const { disk: one, workFolder, own } = await disk('isolated', '', Buffer.alloc(0));
    await withGuestfish(own);
    const options = { workFolder, cacheFolder: join(own, 'cache'), isolate: true };
    expect((await failureOf(openAnyGuest([one], options))).message).toContain('stand-in');
  });
});
