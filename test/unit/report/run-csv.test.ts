import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { GIB } from '../../../src/model/units.js';
import { runCsv } from '../../../src/report/index.js';
import { machine, report } from './sample-report.js';

test('the table has the passes and the downtime of machines that were moved while they ran', () => {
  const pass = { kind: 'changes' as const, begunAt: 0, seconds: 1, bytes: GIB / 2 };
  const warm = { passes: [pass, pass], waitingSince: null, downAt: 0, downtimeMs: 4_200, startedMs: null };
  const rows = parse(runCsv(report([machine('done', { warm }), machine('done')])), {
    columns: true,
    bom: true,
  });
  expect(rows).toMatchObject([
    { passes: '2', passes_gib: '1', downtime_ms: '4200', downtime_started_ms: '' },
    { passes: '', passes_gib: '', downtime_ms: '', downtime_started_ms: '' },
  ]);
});
