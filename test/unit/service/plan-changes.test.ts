import { expect, test } from 'vitest';
import type { PlanDocument } from '../../../src/service/api/index.js';
import { planChanges } from '../../../src/service/plan-changes.js';

type Machine = PlanDocument['machines'][number];

const GIB = 2 ** 30;
const web: Machine = {
  id: 'web',
  sourceName: 'web',
  name: 'web',
  wave: 'all',
  os: 'Debian',
  dataBytes: 100 * GIB,
  disks: [{ storage: 'NFS', dataBytes: 100 * GIB }],
  nics: [{ network: 'LAN', mac: null }],
  profile: 'debian-12',
  concerns: [],
  skipped: false,
  fixups: 'on',
};
const blocking = {
  ...{ id: 'NO_ROOM', severity: 'critical' as const, about: null, message: 'it has no room', remedy: '' },
  ...{ fix: null, waivable: false, waived: null },
};

function plan(...machines: readonly Machine[]): PlanDocument {
  const estimate = { bytes: 0, seconds: 0, bottleneck: 'threads', waves: [], storage: [] };
  return {
    ...{ migration: '', concerns: [], unreadable: [], waves: [], estimate, blocked: false },
    machines: [...machines],
  };
}

test.each<[string, Partial<Machine>, string]>([
  ['another name', { name: 'web-2' }, 'web-2: is called web-2 instead of web'],
  ['another wave', { wave: 'late' }, 'web: goes in wave late instead of all'],
  [
    'another repository',
    { disks: [{ storage: 'SSD', dataBytes: 0 }] },
    'web: its disks go to SSD instead of NFS',
  ],
  ['another network', { nics: [] }, 'web: its networks are none instead of LAN (new MAC)'],
  ['much more data', { dataBytes: 120 * GIB }, 'web: has data of 120 GiB instead of 100 GiB'],
  ['a concern that blocks it', { concerns: [blocking] }, 'web: it has no room'],
])('%s is a change', (_, change, told) => {
  expect(planChanges(plan(web), plan({ ...web, ...change }))).toEqual([told]);
});

test.each<[string, Partial<Machine>]>([
  ['a little more data', { dataBytes: 105 * GIB }],
  ['a concern that blocks nothing', { concerns: [{ ...blocking, severity: 'warning' }] }],
  ['a concern that is waived', { concerns: [{ ...blocking, waived: 'known' }] }],
])('%s is none', (_, change) => {
  expect(planChanges(plan(web), plan({ ...web, ...change }))).toEqual([]);
});

test('machines that come, go or are left out are told, and many of them only in part', () => {
  const others = Array.from({ length: 30 }, (_, index) => ({ ...web, id: `m${index}`, name: `m${index}` }));
  expect(planChanges(plan(web), plan({ ...web, skipped: true }))).toEqual(['web is no longer in it']);
  const many = planChanges(plan(web), plan(web, ...others));
  expect(many).toHaveLength(21);
  expect(many.at(-1)).toBe('and 10 more');
});
