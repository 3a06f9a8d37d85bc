import { describe, expect, it } from 'vitest';
import type { Migration } from '../../../src/planning/migration-file/schema.js';
import { loadLists } from '../../../src/planning/selection/index.js';
import { Waves } from '../../../src/planning/waves.js';
import { testMachine, testPlanned } from '../../support/machines.js';
import { tempFiles } from '../../support/temp-files.js';

const { folder, put } = tempFiles();

const planned = (name: string, wave: string, dataBytes: number, startOrder: number | null = null) =>
  testPlanned(testMachine({ name }), { wave, dataBytes, startOrder });

describe('waves', () => {
  const waves = new Waves(
    {
      version: 1,
      waves: [{ name: 'pilot', machines: [{ name: 'web*' }], window: 'night' }, { name: 'rest' }],
      windows: { night: { days: ['fri'], from: '22:00', to: '06:00', timeZone: 'Europe/Berlin' } },
    },
    new Map(),
  );

  it('take a machine into the first that names it, or the last', () => {
    expect(waves.of(testMachine({ name: 'web01' }), {})).toBe('pilot');
    expect(waves.of(testMachine({ name: 'db01' }), {})).toBe('rest');
    expect(waves.of(testMachine({ name: 'web01' }), { wave: 'rest' })).toBe('rest');
  });

  it('put what starts first in front, then what has most to move', () => {
    const [pilot, rest] = waves.plan([
      planned('small', 'rest', 1),
      planned('large', 'rest', 9),
      planned('first', 'rest', 0, 1),
      planned('web', 'pilot', 5),
    ]);
    expect(pilot).toMatchObject({ machineIds: ['web.ovf'], window: { name: 'night', from: '22:00' } });
    expect(rest).toMatchObject({ machineIds: ['first.ovf', 'large.ovf', 'small.ovf'], window: null });
  });

  it('take machines by a list', async () => {
    put('pilot.csv', 'name\ndb01\n');
    const migration: Migration = {
      version: 1,
      waves: [{ name: 'pilot', machines: [{ list: 'pilot.csv' }] }, { name: 'rest' }],
    };
    const byList = new Waves(migration, await loadLists(migration, folder));
    expect(byList.of(testMachine({ name: 'db01' }), {})).toBe('pilot');
    expect(byList.of(testMachine({ name: 'web01' }), {})).toBe('rest');
  });

  it('are one where the migration has none', () => {
    const machine = testMachine();
    const only = new Waves({ version: 1 }, new Map());
    expect(only.plan([testPlanned(machine, { wave: only.of(machine, {}) })])).toEqual([
      { name: 'all', machineIds: [machine.id], window: null },
    ]);
  });

  it('refuse a time zone that does not exist', () => {
    const windows = { w: { days: ['mon' as const], from: '22:00', to: '06:00', timeZone: 'Mars/Base' } };
    expect(() => new Waves({ version: 1, waves: [{ name: 'a', window: 'w' }], windows }, new Map())).toThrow(
      /Mars/,
    );
  });
});
