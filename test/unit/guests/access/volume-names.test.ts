import { describe, expect, it } from 'vitest';
import { type GuestVolume, volumeNamed } from '../../../../src/guests/access/guest-volumes.js';

function volume(device: string, disk: number, uuid: string | null = null): GuestVolume {
  return {
    device,
    fileSystem: { type: 'ext4', uuid, label: null, unclean: null },
    partitionType: null,
    place: { disk, offset: 0, length: 1 },
    refusal: null,
    needsLibguestfs: false,
  };
}

const ONE_DISK = [volume('/dev/sda1', 0, 'aa'), volume('/dev/sda2', 0), volume('/dev/mapper/vg-my--root', 0)];
const TWO_DISKS = [...ONE_DISK, volume('/dev/sdb1', 1, 'aa')];

describe('a volume', () => {
  it.each([
    ['UUID=AA', '/dev/sda1'],
    ['/dev/hda2', '/dev/sda2'],
    ['/dev/vg/my-root', '/dev/mapper/vg-my--root'],
    // As SUSE's installer wrote them.
    ['/dev/disk/by-id/scsi-36000c29f00000000000000000000000f-part2', '/dev/sda2'],
    ['/dev/disk/by-path/pci-0000:00:10.0-scsi-0:0:0:0-part1', '/dev/sda1'],
  ])('is found by %s', (name, device) => {
    expect(volumeNamed(ONE_DISK, name)?.device).toBe(device);
  });

  it.each([
    'UUID=aa',
    '/dev/disk/by-id/scsi-36000c29f00000000000000000000000f-part2',
    'UUID=bb',
    'tmpfs',
  ])('is not guessed where several may be meant, or none: %s', (name) => {
    expect(volumeNamed(TWO_DISKS, name)).toBeNull();
  });
});
