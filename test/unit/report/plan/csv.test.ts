import { execFileSync } from 'node:child_process';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Plan } from '../../../../src/model/plan.js';
import { planCsv } from '../../../../src/report/index.js';
import { testMachine, testNic, testPlanned } from '../../../support/machines.js';
import { MACHINES, PLAN, plainPlan } from './sample-plan.js';

const HEADS = [
  'id',
  'name',
  'target_name',
  'source',
  'folder',
  'power_state',
  'guest',
  'profile',
  'cpus',
  'memory_mib',
  'firmware',
  'secure_boot',
  'disks',
  'capacity_gib',
  'data_gib',
  'nics',
  'networks',
  'storage',
  'wave',
  'start_order',
  'estimated_start',
  'minutes',
  'verdict',
  'critical',
  'warnings',
  'information',
  'concerns',
  'output',
  'source_changes',
];

function rowsOf(plan: Plan): Record<string, string>[] {
  return parse(planCsv(plan), { columns: true, record_delimiter: '\r\n' });
}

function named(name: string): Plan {
  return plainPlan([testPlanned(testMachine({ name }))]);
}

describe('the table', () => {
  const rows = rowsOf(PLAN);

  test('has a row per machine below heads that stay the same', () => {
    expect(Object.keys(rows[0] ?? {})).toEqual(HEADS);
    expect(rows.map(({ name }) => name)).toEqual(MACHINES.map(({ machine }) => machine.name));
  });

  test('tells what a machine is and becomes', () => {
    expect(rows[0]).toEqual({
      id: 'dc01.ovf',
      name: 'dc01',
      target_name: 'dc01-xen',
      source: 'dc01.ovf',
      folder: 'Servers/Domain',
      power_state: 'on',
      guest: 'windows2022srvNext_64Guest',
      profile: 'windows',
      cpus: '6',
      memory_mib: '16384',
      firmware: 'efi',
      secure_boot: 'yes',
      disks: '2',
      capacity_gib: '140',
      data_gib: '35',
      nics: '2',
      networks: 'VLAN 20 -> Front; Backup -> Backup',
      storage: 'ds-gold -> SSD; ? -> folder',
      wave: 'Foundation',
      start_order: '2',
      estimated_start: '2026-11-27T21:00:00.000Z',
      minutes: '10',
      verdict: 'review',
      critical: '0',
      warnings: '2',
      information: '1',
      concerns: 'PLAN_SECURE_BOOT; PLAN_CPU_TOPOLOGY; PLAN_NIC_UNPLUGGED',
      output: 'dc01.xva',
      source_changes: '',
    });
  });

  test('tells verdicts and what was waived', () => {
    const row = (name: string) => rows.find((each) => each.name === name);
    expect(row('diskless')).toMatchObject({ verdict: 'blocked', critical: '1', minutes: '', storage: '' });
    expect(row('archive')).toMatchObject({ verdict: 'ready', concerns: 'VHD_TOO_LARGE (waived)' });
  });

  test('is the same to Python', () => {
    const script =
      'import csv, io, json, sys\nprint(json.dumps(list(csv.DictReader(io.StringIO(sys.stdin.read(), newline="")))))';
    const odd = plainPlan([
      testPlanned(
        testMachine({ name: 'a "quoted", name\nof two lines', nics: [testNic({ network: 'Küche' })] }),
      ),
    ]);
    for (const plan of [PLAN, odd]) {
      const read = execFileSync('python3', ['-c', script], {
        input: planCsv(plan),
        encoding: 'utf8',
        env: { ...process.env, PYTHONIOENCODING: 'utf-8' },
      });
      expect(JSON.parse(read)).toEqual(rowsOf(plan));
    }
  });

  test.each(['=cmd()', '+1', '-web', '@sum', '\t=1', '\r=1'])('makes no formula of %j', (name) => {
    const [row] = rowsOf(named(name));
    expect(row?.name).toBe(`'${name.replace('\r', '\ufffd')}`);
  });

  test('gives every other name back, whatever is in it', () => {
    const text = fc.string({ unit: fc.constantFrom(...'ab",;\n\t\'é語 '), minLength: 1 });
    fc.assert(
      fc.property(text, (name) => {
        fc.pre(!name.startsWith('\t'));
        expect(rowsOf(named(name))[0]?.name).toBe(name);
      }),
    );
  });
});
