import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { mapperName, raidName } from '../../../../../src/guests/access/libguestfs/appliance-devices.js';
import { readEntry } from '../../../../../src/guests/access/libguestfs/appliance-volume.js';
import { readLuksKeys } from '../../../../../src/guests/access/libguestfs/luks-keys.js';
import { failureOf } from '../../../../support/failure.js';
import { tempFiles } from '../../../../support/temp-files.js';

const { folder } = tempFiles();

afterEach(() => vi.unstubAllEnvs());

describe('names of devices', () => {
  it('calls a RAID as the guest does', () => {
    expect(raidName('/dev/md127', ['level: raid1', 'name: web01:0'])).toBe('/dev/md0');
    expect(raidName('/dev/md127', ['name: any:boot', 'uuid: 1:2:3:4'])).toBe('/dev/md/boot');
    expect(raidName('/dev/md126', ['name: root'])).toBe('/dev/md/root');
    expect(raidName('/dev/md1', ['level: raid1', 'metadata: 0.90'])).toBe('/dev/md1');
    expect(raidName('/dev/md127', ['name: web01:../../etc'])).toBe('/dev/md127');
  });

  it('calls a logical volume as device-mapper does', () => {
    expect(mapperName('/dev/vg/root')).toBe('/dev/mapper/vg-root');
    expect(mapperName('/dev/sys-a/root-b')).toBe('/dev/mapper/sys--a-root--b');
    expect(mapperName('/dev/sda')).toBeNull();
  });
});

describe('readEntry', () => {
  // Printed by guestfish 1.48 for a folder made by mkfs.ext4.
  const FOLDER =
    'st_dev: 2048\nst_ino: 11\nst_mode: 16832\nst_nlink: 2\nst_uid: 0\nst_gid: 7\nst_size: 12288\n';

  it('reads kind, permissions and owner', () => {
    expect(readEntry(FOLDER)).toEqual({
      kind: 'folder',
      size: 12288,
      mode: 0o700,
      uid: 0,
      gid: 7,
      target: null,
    });
    expect(readEntry(FOLDER.replace('16832', String(0o104755)))).toMatchObject({
      kind: 'file',
      mode: 0o4755,
    });
    expect(readEntry(FOLDER.replace('16832', String(0o120777))).kind).toBe('link');
    expect(readEntry(FOLDER.replace('16832', String(0o010644))).kind).toBe('other');
  });

  it('takes nothing for granted', () => {
    expect(() => readEntry(FOLDER.replace('st_size: 12288', 'st_size: x'))).toThrow('st_size');
    expect(() => readEntry('')).toThrow('st_mode');
  });
});

describe('readLuksKeys', () => {
  it('reads keys of files and of the environment', async () => {
    const file = join(folder, 'key');
    await writeFile(file, ' a key with blanks \n');
    vi.stubEnv('XENFERRY_TEST_KEY', 'schlüssel');
    expect(await readLuksKeys([{ file }, { environment: 'XENFERRY_TEST_KEY' }])).toEqual([
      ' a key with blanks ',
      'schlüssel',
    ]);
  });

  it.each([
    ['two lines', Buffer.from('first-secret\nsecond-secret\n')],
    ['nothing', Buffer.from('\n')],
    ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x41])],
    ['too much', Buffer.alloc(5_000, 'secret')],
  ])('refuses a key file that holds %s, and does not show it', async (_, bytes) => {
    const file = join(folder, 'bad-key');
    await writeFile(file, bytes);
    const failure = await failureOf(readLuksKeys([{ file }]));
    expect(failure).toMatchObject({ code: 'CONFIG_INVALID', place: { file } });
    expect(failure.message).not.toContain('secret');
  });

  it('names what is not there', async () => {
    expect((await failureOf(readLuksKeys([{ file: join(folder, 'nothing') }]))).message).toContain('ENOENT');
    expect((await failureOf(readLuksKeys([{ environment: 'XENFERRY_NO_KEY' }]))).message).toContain(
      'XENFERRY_NO_KEY',
    );
  });
});
