import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FolderVolume } from '../../../../src/guests/access/folder-volume.js';
import { openSystem, type VolumeStore } from '../../../../src/guests/access/guest-system.js';
import { type GuestVolume, openLuksName } from '../../../../src/guests/access/guest-volumes.js';
import { failureOf } from '../../../support/failure.js';
import { hostTree } from '../../../support/guest-disks.js';
import { tempFiles } from '../../../support/temp-files.js';

const { folder } = tempFiles();
const UUID = '8a0c5bd4-2f3b-4d0e-9c57-0f1f4b7a9d11';

function volume(device: string, type: string, more: Partial<GuestVolume> = {}): GuestVolume {
  const fileSystem = { type, uuid: null, label: null, unclean: null };
  return {
    device,
    fileSystem,
    partitionType: null,
    place: null,
    refusal: null,
    needsLibguestfs: false,
    ...more,
  };
}

const locked = { type: 'crypto_LUKS', uuid: UUID, label: null, unclean: null };

/** Volumes whose files are in folders of this machine. */
async function store(
  name: string,
  trees: ReadonlyArray<readonly [GuestVolume, Readonly<Record<string, string>>]>,
): Promise<VolumeStore & { closed: number }> {
  const folders = new Map<GuestVolume, string>();
  for (const [index, [key, tree]] of trees.entries()) {
    folders.set(key, await hostTree(join(folder, `${name}${index}`), tree));
  }
  const made: VolumeStore & { closed: number } = {
    volumes: trees.map(([key]) => key),
    problems: [],
    closed: 0,
    mount: async (key) => ({
      backend: 'libguestfs',
      volume: new FolderVolume(folders.get(key) ?? '', { foldsCase: false, keepsAttributes: false }),
      close: async () => {},
    }),
    close: async () => {
      made.closed += 1;
    },
  };
  return made;
}

const ROOT = {
  'etc/fstab': '/dev/sda1 / ext4 defaults 0 1\n/dev/mapper/var_crypt /var ext4 defaults 0 2\n',
  'etc/crypttab': `# name device key\nvar_crypt UUID=${UUID} none luks\n`,
  'usr/bin/sh': 'x',
};

describe('openSystem', () => {
  it('finds an open LUKS volume under the name that crypttab gives it', async () => {
    const own = await store('open', [
      [volume('/dev/sda1', 'ext4'), ROOT],
      [volume('/dev/sda2', 'crypto_LUKS', { fileSystem: locked }), {}],
      [volume(openLuksName(UUID), 'ext4'), { 'log/messages': 'text' }],
    ]);
    const guest = await openSystem(own);
    expect((await guest.files.read('/var/log/messages', 100))?.toString()).toBe('text');
    expect(guest.fileSystems.map(({ mountPoint }) => mountPoint)).toEqual(['/', null, '/var']);
    await guest.close();
    expect(own.closed).toBe(1);
  });

  it('refuses a guest a part of which stays locked', async () => {
    const refusal = 'the volume is encrypted with LUKS, and no key was given';
    const own = await store('locked', [
      [volume('/dev/sda1', 'ext4'), ROOT],
      [volume('/dev/sda2', 'crypto_LUKS', { fileSystem: locked, refusal }), {}],
    ]);
    expect(await failureOf(openSystem(own))).toMatchObject({
      code: 'GUEST_REFUSED',
      message: `/var may be on /dev/sda2: ${refusal}`,
    });
    expect(own.closed).toBe(1);
  });
});
