import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { outputNames } from '../../../src/planning/output-names.js';

describe('output names', () => {
  it('keep what people call their machines', () => {
    expect(outputNames(['web01', 'files01 (old)', 'Büro-Server'], '.xva')).toEqual([
      'web01.xva',
      'files01 (old).xva',
      'Büro-Server.xva',
    ]);
  });

  it('replace what a path or a shell would misread', () => {
    expect(outputNames(['a/b', '../../etc', '.hidden', '-rf', '$(x)`', '', '\u0000'], '')).toEqual([
      'a_b',
      '__.._etc',
      '_hidden',
      '_rf',
      '_(x)_',
      'machine',
      '_',
    ]);
  });

  it('differ even where letter case does not count', () => {
    expect(outputNames(['db', 'DB', 'db'], '.xva')).toEqual(['db.xva', 'DB-2.xva', 'db-3.xva']);
  });

  it('of folders are kept apart from the reports and from what is under construction', () => {
    expect(outputNames(['report.json', 'db', 'db.partial', 'DB.Partial.disk0'], '')).toEqual([
      'report.json-2',
      'db',
      'db_partial',
      'DB_partial.disk0',
    ]);
  });

  it('are unique plain file names of bounded length, whatever the machines are called', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 300 }), { maxLength: 20 }), (names) => {
        const outputs = outputNames(names, '.xva');
        expect(new Set(outputs.map((name) => name.toLowerCase())).size).toBe(names.length);
        for (const name of outputs) {
          expect(Buffer.byteLength(name)).toBeLessThan(200);
          expect(name).toMatch(/^[^./\0-][^/\0]*$/);
        }
      }),
    );
  });
});
