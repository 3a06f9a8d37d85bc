import { describe, expect, it } from 'vitest';
import { UNKNOWN_GUEST, type VirtualMachine } from '../../../src/model/virtual-machine.js';
import { joinInventories } from '../../../src/sources/index.js';
import { testMachine } from '../../support/machines.js';

const listed = (changes: Partial<VirtualMachine>) =>
  testMachine({
    id: 'list.xlsx#vm-1',
    powerState: 'on',
    guest: { ...UNKNOWN_GUEST, hostName: 'web.example' },
    source: { kind: 'rvtools', descriptor: 'list.xlsx' },
    ...changes,
  });

const join = (exported: VirtualMachine[], list: VirtualMachine[]) =>
  joinInventories([
    { label: 'exports', inventory: { machines: exported, problems: [] } },
    { label: 'list.xlsx', inventory: { machines: list, problems: [] } },
  ]);

describe('sources together', () => {
  it('are one machine where an export and a list have the same', () => {
    const { machines, problems } = join([testMachine()], [listed({})]);
    expect(machines).toMatchObject([
      {
        id: 'exports:web.ovf',
        powerState: 'on',
        guest: { hostName: 'web.example' },
        source: { kind: 'ovf' },
      },
    ]);
    expect(problems).toEqual([]);
  });

  it('tell where export and list differ', () => {
    const { problems } = join([testMachine()], [listed({ cpus: 8 })]);
    expect(problems).toMatchObject([{ code: 'SOURCE_CONFLICT', message: expect.stringContaining('CPUs 2') }]);
  });

  it('keep machines of which only the list tells', () => {
    const { machines } = join([testMachine()], [listed({}), listed({ id: 'list.xlsx#vm-2', name: 'db' })]);
    expect(machines.map(({ id }) => id)).toEqual(['exports:web.ovf', 'list.xlsx:list.xlsx#vm-2']);
  });

  it('guess nothing where several machines have a name', () => {
    const twins = [testMachine({ id: 'a.ovf' }), testMachine({ id: 'b.ovf' })];
    expect(join(twins, [listed({})]).machines.map(({ powerState }) => powerState)).toEqual([
      null,
      null,
      'on',
    ]);
  });

  it('name two exports of the same machine', () => {
    const uuid = '42000000-0000-4000-8000-000000000001';
    const { machines, problems } = join([testMachine({ uuid }), testMachine({ id: 'copy.ovf', uuid })], []);
    expect(machines).toHaveLength(2);
    expect(problems).toMatchObject([{ code: 'SOURCE_DUPLICATE', machineId: 'exports:copy.ovf' }]);
  });
});
