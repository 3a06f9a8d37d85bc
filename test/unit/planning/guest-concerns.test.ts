import { afterEach, describe, expect, it, vi } from 'vitest';
import { loadProfiles } from '../../../src/guests/profiles/index.js';
import { guestConcerns } from '../../../src/planning/guest-concerns.js';
import { testMachine, testPlanned } from '../../support/machines.js';

afterEach(() => vi.unstubAllEnvs());

const planned = (id: string, fixups: 'auto' | 'off' = 'auto') =>
  testPlanned(testMachine(), { profile: { id, title: id, limits: [] }, fixups });

describe('a plan on a machine without the programs for guests', () => {
  it.each([
    ['debian-12', /fuse2fs/, /ntfs-3g/],
    ['windows-2016', /ntfs-3g/, /fuse2fs/],
  ])('names what guests of %s need, and how it is installed', async (id, named, unnamed) => {
    vi.stubEnv('PATH', '/nowhere');
    const concerns = await guestConcerns([planned(id)], await loadProfiles());
    const [first] = concerns;
    // What stands in the folders of administration is found without PATH.
    expect(first).toMatchObject({ id: 'TOOL_MISSING', severity: 'warning' });
    expect(first?.message).toContain('qemu-storage-daemon');
    expect(`${first?.message} ${first?.remedy}`).toMatch(named);
    expect(first?.message).not.toMatch(unnamed);
    expect(first?.remedy).toContain('apt-get install');
  });

  it('says nothing where no guest is to be changed', async () => {
    vi.stubEnv('PATH', '/nowhere');
    const machines = [planned('debian-12', 'off'), planned('freebsd')];
    expect(await guestConcerns(machines, await loadProfiles())).toEqual([]);
  });
});
