import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UNKNOWN_PLACEMENT } from '../../../../src/model/virtual-machine.js';
import type { Migration, Selector } from '../../../../src/planning/migration-file/schema.js';
import { loadLists, selectMachines } from '../../../../src/planning/selection/index.js';
import { testMachine } from '../../../support/machines.js';
import { tempFiles } from '../../../support/temp-files.js';

const { folder, put } = tempFiles();
const MACHINES = [
  testMachine({
    name: 'web01',
    uuid: '42000000-0000-4000-8000-000000000001',
    powerState: 'on',
    placement: { ...UNKNOWN_PLACEMENT, folder: 'Prod/Web', cluster: 'A', tags: ['gold'] },
  }),
  testMachine({ name: 'web02', placement: { ...UNKNOWN_PLACEMENT, folder: 'Product', host: 'esx1' } }),
  testMachine({ name: 'db01', cpus: 8, placement: { ...UNKNOWN_PLACEMENT, folder: 'Prod' } }),
];

async function select(migration: Omit<Migration, 'version'>) {
  const lists = await loadLists(migration, folder);
  const { machines, unmatched } = selectMachines(MACHINES, { version: 1, ...migration }, lists);
  return { names: machines.map(({ name }) => name), unmatched };
}

describe('a migration', () => {
  it.each<[string, Selector, string[]]>([
    ['name', { name: 'WEB*' }, ['web01', 'web02']],
    ['folder, those in it included', { folder: 'Prod' }, ['web01', 'db01']],
    ['tag', { tag: 'gold' }, ['web01']],
    ['cluster', { cluster: 'a' }, ['web01']],
    ['host', { host: 'esx1' }, ['web02']],
    ['power state', { powerState: 'on' }, ['web01']],
    ['expression', { where: 'vm.cpus > 4' }, ['db01']],
    ['all parts of a selector', { name: 'web*', folder: 'Prod' }, ['web01']],
  ])('takes machines by %s', async (_, selector, names) => {
    expect((await select({ select: [selector] })).names).toEqual(names);
  });

  it('takes any of several selectors but what is excluded or skipped', async () => {
    const { names } = await select({
      select: [{ name: 'web*' }, { name: 'db*' }],
      exclude: [{ host: 'esx1' }],
      machines: { db01: { skip: true } },
    });
    expect(names).toEqual(['web01']);
  });

  it('takes what a list names, by whichever column, and tells what no source has', async () => {
    const { path } = put('list.csv', 'UUID;Name\n42000000-0000-4000-8000-000000000001;\n;db01\n;gone\n');
    const { names, unmatched } = await select({ select: [{ list: path }] });
    expect(names).toEqual(['web01', 'db01']);
    expect(unmatched.names).toEqual([`${join(folder, 'list.csv')}: gone`]);
  });

  it('tells which selectors and entries name nothing', async () => {
    const { unmatched } = await select({
      select: [{ name: 'web*' }, { tag: 'iron' }],
      machines: { nine: {} },
    });
    expect(unmatched).toMatchObject({ selectors: ['tag: iron'], overrides: ['nine'] });
  });

  it('refuses an entry for a name that two machines share', () => {
    const twins = [testMachine({ id: 'a', name: 'twin' }), testMachine({ id: 'b', name: 'twin' })];
    expect(() => selectMachines(twins, { version: 1, machines: { twin: {} } }, new Map())).toThrow(
      /2 machines/,
    );
    expect(
      selectMachines(twins, { version: 1, machines: { b: { skip: true } } }, new Map()).machines,
    ).toEqual([twins[0]]);
  });
});
