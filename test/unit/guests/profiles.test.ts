import { describe, expect, it } from 'vitest';
import { loadProfiles, matchProfile } from '../../../src/guests/profiles/index.js';
import { tempFiles } from '../../support/temp-files.js';

const { folder, put } = tempFiles();

describe('the shipped profiles', () => {
  it.each([
    ['debian12_64Guest', 'linux'],
    ['debian12-64', 'linux'],
    ['Red Hat Enterprise Linux 6 (64-bit)', 'linux'],
    ['ubuntu64Guest', 'linux'],
    ['windows9Server64Guest', 'windows'],
    ['Microsoft Windows Server 2016 or later (64-bit)', 'windows'],
    ['winXPPro', 'windows'],
    ['freebsd13_64Guest', 'generic'],
    ['', 'generic'],
  ])('know %j as %s', async (guestOs, id) => {
    expect(matchProfile(await loadProfiles(), guestOs)?.id).toBe(id);
  });
});

describe('a profile with a mistake', () => {
  it('is refused with its file and what is wrong', async () => {
    put('bad.yaml', 'id: Bad\ntitle: x\nmatch: {guestOs: []}\n');
    await expect(loadProfiles(folder)).rejects.toMatchObject({
      code: 'PROFILE_INVALID',
      message: expect.stringContaining('platform'),
      place: { file: expect.stringContaining('bad.yaml') },
    });
  });
});
