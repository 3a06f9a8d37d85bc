import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type GuestEvidence,
  globMatches,
  loadProfiles,
  matchProfile,
} from '../../../src/guests/profiles/index.js';
import { CIM_NUMBERS, DESCRIPTIONS, GUEST_IDS } from './real-guests.js';

const profiles = await loadProfiles();
const reversed = profiles.toReversed();

const NOTHING: GuestEvidence = { guestOs: '', cimOs: null, osDescription: '', reportedOs: null };

function match(evidence: Partial<GuestEvidence>) {
  const found = matchProfile(profiles, { ...NOTHING, ...evidence });
  expect(matchProfile(reversed, { ...NOTHING, ...evidence })).toEqual(found);
  return found;
}

const rows = <T>(table: Readonly<Record<string, readonly T[]>>): [string, T][] =>
  Object.entries(table).flatMap(([id, values]) => values.map((value): [string, T] => [id, value]));

const precisionOf = new Map(profiles.map(({ id, precision, family }) => [id, { precision, family }]));
const naming = (precision: string) => (row: [string, unknown]) =>
  precisionOf.get(row[0])?.precision === precision;

describe('the profile', () => {
  it.each(rows(GUEST_IDS))('%s is that of the guest id %j', (id, guestOs) => {
    const by = id === 'generic' ? 'generic' : 'guest id';
    expect(match({ guestOs })).toMatchObject({ profile: { id }, by });
    expect(match({ guestOs: guestOs.toUpperCase() })).toMatchObject({ profile: { id } });
  });

  it.each(rows(DESCRIPTIONS))('%s is that of the description %j', (id, text) => {
    const by = id === 'generic' ? 'generic' : 'description';
    expect(match({ osDescription: text })).toMatchObject({ profile: { id }, by });
    expect(match({ guestOs: text })).toMatchObject({ profile: { id } });
    const reported = id === 'generic' ? 'generic' : 'tools';
    expect(match({ reportedOs: text })).toMatchObject({ profile: { id }, by: reported });
  });

  it.each(rows(CIM_NUMBERS))('%s is that of the CIM number %i', (id, cimOs) => {
    expect(match({ cimOs })).toMatchObject({ profile: { id }, by: id === 'generic' ? 'generic' : 'cim' });
  });

  it('is tested with every profile there is', () => {
    const tested = [GUEST_IDS, DESCRIPTIONS, CIM_NUMBERS].flatMap((table) =>
      rows<unknown>(table).map(([id]) => id),
    );
    expect(new Set(tested)).toEqual(new Set(profiles.map(({ id }) => id)));
  });
});

describe('among what is told of a guest', () => {
  it.each<[string, Partial<GuestEvidence>, string, string]>([
    [
      'Tools that name a release beat an id that stands for all',
      { guestOs: 'ubuntu64Guest', reportedOs: 'Ubuntu 12.04.5 LTS' },
      'ubuntu-1204',
      'tools',
    ],
    [
      'Tools that name a release beat a stale id of no family',
      { guestOs: 'otherGuest64', reportedOs: 'CentOS release 6.2 (Final)' },
      'el-60',
      'tools',
    ],
    [
      'Tools that name the update beat the id of the release',
      { guestOs: 'centos6_64Guest', reportedOs: 'CentOS release 6.2 (Final)' },
      'el-60',
      'tools',
    ],
    [
      'an id of a release beats vague Tools',
      { guestOs: 'rhel7_64Guest', reportedOs: 'Other 3.x Linux (64-bit)' },
      'el-7',
      'guest id',
    ],
    [
      'an id of a product beats Tools that know a kernel',
      { guestOs: 'ubuntu64Guest', reportedOs: 'Other 4.x Linux (64-bit)' },
      'ubuntu',
      'guest id',
    ],
    [
      'Tools of another family beat an id of a release',
      { guestOs: 'windows7_64Guest', reportedOs: 'Ubuntu Linux (64-bit)' },
      'ubuntu',
      'tools',
    ],
    [
      'an id of a release beats a description',
      { guestOs: 'windows2019srv_64Guest', osDescription: 'Microsoft Windows Server 2016 or later (64-bit)' },
      'windows-2019',
      'guest id',
    ],
    [
      'a description beats the CIM number, which knows no Windows after 2012 R2',
      { cimOs: 112, osDescription: 'Microsoft Windows Server 2022 (64-bit)' },
      'windows-2022',
      'description',
    ],
    [
      'a description with a release beats the CIM number of the product',
      { cimOs: 94, osDescription: 'Ubuntu 22.04 LTS' },
      'ubuntu-2204',
      'description',
    ],
    ['the CIM number beats an id of no family', { guestOs: 'otherGuest64', cimOs: 94 }, 'ubuntu', 'cim'],
    ['nothing at all is the unknown guest', {}, 'generic', 'generic'],
  ])('%s', (_, evidence, id, by) => {
    expect(match(evidence)).toMatchObject({ profile: { id }, by });
  });

  it('a release that Tools name always decides', () => {
    const releases = rows(DESCRIPTIONS).filter(naming('release'));
    fc.assert(
      fc.property(
        fc.constantFrom(...releases),
        fc.constantFrom(...rows(GUEST_IDS)),
        fc.constantFrom(...rows(DESCRIPTIONS)),
        fc.option(fc.constantFrom(...rows(CIM_NUMBERS))),
        ([id, reportedOs], [, guestOs], [, osDescription], cim) => {
          const evidence = { reportedOs, guestOs, osDescription, cimOs: cim?.[1] ?? null };
          expect(match(evidence)).toMatchObject({ profile: { id }, by: 'tools' });
        },
      ),
    );
  });

  it('an id that names a release decides unless Tools name a release or another family', () => {
    const vague = rows(DESCRIPTIONS).filter((row) => !naming('release')(row));
    fc.assert(
      fc.property(
        fc.constantFrom(...rows(GUEST_IDS).filter(naming('release'))),
        fc.constantFrom(...vague),
        fc.constantFrom(...rows(DESCRIPTIONS)),
        ([id, guestOs], [tools, reportedOs], [, osDescription]) => {
          const [told, seen] = [precisionOf.get(id)?.family, precisionOf.get(tools)?.family];
          fc.pre(seen === told || seen === 'other');
          expect(match({ guestOs, reportedOs, osDescription })).toMatchObject({
            profile: { id },
            by: 'guest id',
          });
        },
      ),
    );
  });

  it('any text is matched, in time that does not explode', () => {
    const word = fc.constantFrom(
      'red hat enterprise linux',
      'release ',
      'centos',
      ' 6',
      '.',
      '6.1',
      '(64-bit)',
      '\n',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(word, { maxLength: 2000 }).map((words) => words.join('')),
    );
    fc.assert(
      fc.property(text, text, (reportedOs, guestOs) => {
        const found = match({ reportedOs, guestOs });
        expect(found?.by === 'generic').toBe(found?.profile.id === 'generic');
      }),
    );
  });
});

describe('a number in a pattern', () => {
  it('is a whole part of a version', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 99 }), fc.integer({ min: 0, max: 99 }), (major, minor) => {
        const found = match({ reportedOs: `CentOS release ${major}.${minor} (Final)` })?.profile.id;
        const expected = new Map<number, string>([
          [4, 'linux-old'],
          [5, 'el-5'],
          [6, minor <= 2 ? 'el-60' : 'el-6'],
          [7, 'el-7'],
          [8, 'el-8'],
          [9, 'el-9'],
          [10, 'el-10'],
        ]);
        expect(found).toBe(expected.get(major) ?? 'enterprise-linux');
      }),
    );
  });
});

describe('a pattern for names', () => {
  it.each([
    ['web*', 'WEB01', true],
    ['web1*', 'web12', true],
    ['web', 'web1', false],
    ['a.c', 'abc', false],
    ['*', '', true],
  ])('%j on %j: %s', (pattern, name, fits) => {
    expect(globMatches(pattern, name)).toBe(fits);
  });
});
