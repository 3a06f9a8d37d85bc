import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  withMapping,
  withOverride,
  withoutWave,
  withSkipped,
  withWave,
  withWaveMoved,
  withWaveWindow,
} from '../../../src/dashboard/plan/migration-edits.js';
import { machineKeys, migrationFacts } from '../../../src/dashboard/plan/migration-facts.js';
import { MIGRATION_SCHEMA } from '../../../src/planning/migration-file/schema.js';
import { PLAN_TEXT } from '../../support/dashboard-night.js';

const COMMENTS = PLAN_TEXT.match(/#.*$/gm) ?? [];

describe('edits of a migration file', () => {
  it('leave machines out and take them in again, with everything else as it was', () => {
    const out = withSkipped(PLAN_TEXT, ['web01', '0815'], true);
    expect(parse(out).machines).toEqual({
      'old-print-server': { skip: true },
      web01: { skip: true },
      '0815': { skip: true },
    });
    expect(withSkipped(out, ['web01', '0815'], false)).toBe(PLAN_TEXT);
  });

  it('keep all comments and make a file that a plan takes', () => {
    const name = fc.string({ minLength: 1, maxLength: 40 });
    const edit = fc.oneof(
      name.map((key) => (text: string) => withSkipped(text, [key], true)),
      fc.tuple(name, name).map(
        ([key, to]) =>
          (text: string) =>
            withOverride(text, key, 'targetName', to),
      ),
      fc.tuple(name, name).map(
        ([from, to]) =>
          (text: string) =>
            withMapping(text, 'networks', from, to),
      ),
      fc.tuple(name, name).map(
        ([from, to]) =>
          (text: string) =>
            withMapping(text, 'storage', from, to),
      ),
      name.map((wave) => (text: string) => withWave(text, wave)),
      fc.constant((text: string) => withWaveMoved(text, 'pilot', 1)),
    );
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 6 }), (edits) => {
        const text = edits.reduce((before, each) => each(before), PLAN_TEXT);
        expect(MIGRATION_SCHEMA.safeParse(parse(text)).error).toBeUndefined();
        expect(text.match(/#.*$/gm) ?? []).toEqual(expect.arrayContaining(COMMENTS));
      }),
      { numRuns: 60 },
    );
  });

  it('give a machine a name that says something else to YAML or to JavaScript', () => {
    const names = ['true', '12', '- x', '#1', '__proto__', 'a: b', '\u202Egnp', '~', 'ключ'];
    const text = withSkipped('version: 1\n', names, true);
    expect([...migrationFacts(text).machines.keys()]).toEqual(names);
    expect([...migrationFacts(text).machines.values()].every(({ skip }) => skip)).toBe(true);
  });

  it('put a new mapping before the patterns, since the first that fits counts', () => {
    const mapped = withMapping(PLAN_TEXT, 'storage', 'ssd-old', 'Bulk');
    expect(parse(mapped).storage.map(({ from }: { from: string }) => from)).toEqual(['ssd-old', 'ssd*', '*']);
    expect(parse(withMapping(mapped, 'storage', 'ssd-old', 'Fast')).storage[0]).toEqual({
      from: 'ssd-old',
      to: 'Fast',
    });
    expect(withMapping(mapped, 'storage', 'ssd-old', null)).toBe(PLAN_TEXT);
  });

  it('take a wave away from the machines that were in it', () => {
    const text = withOverride(withWave(PLAN_TEXT, 'last'), 'web01', 'wave', 'last');
    expect(parse(text).machines.web01).toEqual({ wave: 'last' });
    expect(withoutWave(text, 'last')).toBe(PLAN_TEXT);
  });

  it('bind waves to windows and change their order', () => {
    const text = withWaveMoved(withWaveWindow(PLAN_TEXT, 'rest', null), 'rest', -1);
    expect(migrationFacts(text).waves).toEqual([
      { name: 'rest', window: null },
      { name: 'pilot', window: 'night' },
    ]);
    expect(withWaveMoved(PLAN_TEXT, 'pilot', -1)).toBe(PLAN_TEXT);
  });

  it('begin what is not there yet, also in an empty file or below an empty name', () => {
    expect(parse(withSkipped('', ['web01'], true))).toEqual({ machines: { web01: { skip: true } } });
    expect(parse(withSkipped('version: 1\nmachines:\n', ['web01'], true)).machines).toEqual({
      web01: { skip: true },
    });
    expect(parse(withMapping('version: 1\n', 'networks', 'VM Network', 'LAN')).networks).toEqual([
      { from: 'VM Network', to: 'LAN' },
    ]);
  });

  it('are refused for what is no YAML, with the line', () => {
    const broken = 'version: 1\nwaves: [pilot\nmachines: {}\n';
    expect(() => withSkipped(broken, ['a'], true)).toThrow(/^line [23]: /);
    expect(migrationFacts(broken).faults[0]?.line).toBeGreaterThan(1);
    expect(migrationFacts('- a list\n').faults).toHaveLength(1);
  });
});

describe('the key of a machine', () => {
  it('is its name, but its id where others have the same name or the file uses it', () => {
    const machines = [
      { id: 'vm-1', sourceName: 'web' },
      { id: 'vm-2', sourceName: 'web' },
      { id: 'vm-3', sourceName: 'db' },
      { id: 'vm-4', sourceName: 'mail' },
    ];
    const facts = migrationFacts('version: 1\nmachines:\n  vm-4: {skip: true}\n');
    expect([...machineKeys(machines, facts).values()]).toEqual(['vm-1', 'vm-2', 'db', 'vm-4']);
  });
});
