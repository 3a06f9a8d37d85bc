import { describe, expect, it } from 'vitest';
import {
  applyWaivers,
  loadRules,
  waiverConcerns,
  waiversFor,
} from '../../../../src/planning/concerns/index.js';
import { testConcern } from '../../../support/machines.js';

const suspended = testConcern({ id: 'SUSPENDED', severity: 'critical', waivable: true });
const encrypted = testConcern({ id: 'ENCRYPTED', severity: 'critical', waivable: false });

describe('waivers', () => {
  it('mark what may be waived and leave the rest', () => {
    const { concerns, refused } = applyWaivers([suspended, encrypted], {
      SUSPENDED: 'only a cache',
      ENCRYPTED: 'we have the keys',
    });
    expect(concerns).toEqual([{ ...suspended, waived: 'only a cache' }, encrypted]);
    expect(refused).toEqual(['ENCRYPTED']);
  });

  it('take a machine’s own reason before the plan’s', () => {
    const reasons = waiversFor({ SUSPENDED: 'its own' }, { SUSPENDED: 'for all', TEMPLATE: 'for all' });
    expect(reasons).toEqual({ SUSPENDED: 'its own', TEMPLATE: 'for all' });
  });

  it('that do nothing are told once for the plan', async () => {
    const refused = ['web', 'db', 'mail'].map((machine) => ({ machine, ids: ['ENCRYPTED'] }));
    const given = ['ENCRYPTED', 'SUSPENDED', 'VMDK_TABLES_DAMAGED', 'SUSPENDET'];
    expect(waiverConcerns(refused, given, await loadRules())).toMatchObject([
      {
        id: 'WAIVER_REFUSED',
        severity: 'warning',
        message: 'ENCRYPTED was found on web and 2 more and cannot be waived.',
      },
      { id: 'WAIVER_UNKNOWN', severity: 'warning', message: 'No concern is called SUSPENDET.' },
    ]);
  });
});
