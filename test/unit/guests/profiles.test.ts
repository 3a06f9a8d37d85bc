import { cpSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { windowsFixups } from '../../../src/guests/fixups/windows/index.js';
import {
  loadProfiles,
  matchProfile,
  type Profile,
  profileJsonSchema,
  templateChoices,
} from '../../../src/guests/profiles/index.js';
import { xvaPlan } from '../../../src/targets/xva-folder/index.js';
import { testMachine, testPlanned } from '../../support/machines.js';
import { tempFiles } from '../../support/temp-files.js';
import { CURRENT_TEMPLATES, OTHER_TEMPLATES } from './stock-templates.js';

const { folder, put } = tempFiles();
const profiles = await loadProfiles();

/** The document's example of a complete file. */
const HAIKU = /```yaml\n(.*?)```/s.exec(readFileSync('docs/profiles.md', 'utf8'))?.[1] ?? '';

describe.each(
  profiles.map((profile): [string, Profile] => [profile.id, profile]),
)('the profile %s', (_, profile) => {
  it('names templates for fully virtualised guests', () => {
    expect(CURRENT_TEMPLATES).toContain(profile.template);
    for (const product of ['xenserver', 'xcp-ng'] as const) {
      const choices = templateChoices(profile, product);
      for (const label of choices) expect([...CURRENT_TEMPLATES, ...OTHER_TEMPLATES]).toContain(label);
      expect(choices.at(-1)).toBe('other-install-media');
    }
  });

  it('puts the UEFI boot disk on IDE just where it says so', () => {
    const { firmware, platform, support } = profile;
    if (firmware.efi !== undefined)
      expect(platform.disk_type === 'ide').toBe(firmware.efi.bootDisk === 'ide');
    expect(firmware.bios?.bootDisk ?? 'ide').toBe('ide');
    if (support !== 'none') expect(Object.keys(firmware)).not.toEqual([]);
  });

  it('asks for fixups of its own family, none twice', () => {
    for (const fixup of profile.fixups) expect(fixup.startsWith(`${profile.family}/`)).toBe(true);
    expect(new Set(profile.fixups).size).toBe(profile.fixups.length);
  });

  it('asks for those of Windows in the order in which they run', () => {
    if (profile.family !== 'windows') return;
    const known = windowsFixups.map(({ id }) => id);
    expect(profile.fixups).toEqual(known.filter((id) => profile.fixups.includes(id)));
    // What these leave for the first start is run by nothing else.
    if (profile.fixups.some((id) => /vmware-tools|guest-tools/.test(id)))
      expect(profile.fixups.at(-1)).toBe('windows/first-boot');
    expect(profile.fixups.includes('windows/uefi-fallback')).toBe(profile.firmware.efi !== undefined);
  });

  it('has limits in whole sentences', () => {
    expect(profile.limits).not.toEqual([]);
    for (const limit of profile.limits) expect(limit).toMatch(/^[A-Zv0-9].*\.$/);
  });
});

describe('all profiles together', () => {
  it('claim each id and each CIM number once', () => {
    const ids = profiles.flatMap(({ match }) => match.vmware.map((id) => id.toLowerCase()));
    const numbers = profiles.flatMap(({ match }) => match.cim);
    expect(ids.length).toBe(new Set(ids).size);
    expect(numbers.length).toBe(new Set(numbers).size);
  });

  it('have one for the unknown guest', () => {
    expect(profiles.filter(({ precision }) => precision === 'none').map(({ id }) => id)).toEqual(['generic']);
  });

  it('follow the published schema', () => {
    expect(JSON.parse(readFileSync('profiles/profile.schema.json', 'utf8'))).toEqual(profileJsonSchema());
  });
});

describe('a new guest family', () => {
  it('is added with one file', async () => {
    const extended = join(folder, 'extended');
    await mkdir(extended);
    cpSync('profiles', extended, { recursive: true });
    put('extended/haiku.yaml', HAIKU);
    const all = await loadProfiles(extended);
    expect(all).toHaveLength(profiles.length + 1);
    const guest = { guestOs: 'haiku-64', cimOs: null, osDescription: '', reportedOs: null };
    const found = matchProfile(all, guest);
    expect(found).toMatchObject({ profile: { id: 'haiku' }, by: 'guest id', pattern: 'haiku*' });
    const planned = testPlanned(testMachine({ guestOs: 'haiku-64' }), {
      profile: { id: found?.profile.id ?? '', title: '', limits: [] },
    });
    expect(xvaPlan(planned, all).ovaXml).toContain('other-install-media');
  });
});

describe('a profile with a mistake', () => {
  it.each([
    ['a field that is missing', 'haiku', HAIKU.replace(/^platform:\n.*\n/m, ''), 'platform'],
    ['a field that is unknown', 'haiku', `${HAIKU}colour: blue\n`, 'colour'],
    ['an id that is not the file’s name', 'beos', HAIKU, 'haiku'],
    ['YAML that cannot be read', 'haiku', 'id: [', 'YAML'],
    ['the wrong shape', 'haiku', '- id\n', 'expected object'],
  ])('is refused with its file and what is wrong: %s', async (what, name, text, reason) => {
    const place = join(folder, what);
    await mkdir(place);
    put(`${what}/${name}.yaml`, text);
    await expect(loadProfiles(place)).rejects.toMatchObject({
      code: 'PROFILE_INVALID',
      message: expect.stringContaining(reason),
      place: { file: join(place, `${name}.yaml`) },
    });
  });
});
