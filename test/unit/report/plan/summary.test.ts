import { describe, expect, test } from 'vitest';
import { GIB } from '../../../../src/model/units.js';
import { planSummary } from '../../../../src/report/index.js';
import { testConcern, testPlanned } from '../../../support/machines.js';
import { PLAN, plainPlan } from './sample-plan.js';

describe('a machine is', () => {
  const critical = testConcern({ severity: 'critical' });
  const information = testConcern({ severity: 'information' });
  const waived = { waived: 'We know.' };

  test.each([
    ['ready', 'without concerns', []],
    ['ready', 'with information alone', [information]],
    ['ready', 'with what somebody waived', [{ ...critical, ...waived }, testConcern(waived)]],
    ['review', 'with a warning', [information, testConcern()]],
    ['blocked', 'with something critical', [testConcern(), critical]],
    ['blocked', 'when only one of two is waived', [{ ...critical, ...waived }, critical]],
  ])('%s %s', (verdict, _, concerns) => {
    const [machine] = planSummary(plainPlan([testPlanned(undefined, { concerns })])).machines;
    expect(machine?.verdict).toBe(verdict);
  });
});

describe('the summary', () => {
  const summary = planSummary(PLAN);
  const machine = (name: string) =>
    summary.machines.find(({ planned }) => planned.machine.name === name) ?? expect.fail(name);

  test('counts machines, hardware and data', () => {
    expect(summary.verdicts).toEqual({ ready: 18, review: 11, blocked: 1 });
    expect(summary.unreadable).toBe(1);
    // dc01: 6 CPUs, 16 GiB, 140 GiB; diskless, archive, legacy: 2 and 1 GiB, with 0, 3112 and 40 GiB; 26 of 4, 8, 40 GiB.
    expect(summary.totals).toEqual({
      cpus: 6 + 3 * 2 + 26 * 4,
      memoryBytes: (16 + 3 + 26 * 8) * GIB,
      disks: 2 + 0 + 2 + 1 + 26,
      capacityBytes: (140 + 3112 + 40 + 26 * 40) * GIB,
      dataBytes: ((140 + 3112 + 40 + 26 * 40) / 4) * GIB,
    });
  });

  test('counts a waived concern by itself', () => {
    expect(machine('legacy').concerns).toEqual({ critical: 0, warning: 0, information: 1 });
    expect(machine('legacy').waived).toBe(1);
  });

  test('is blocked only by what stands against the plan as a whole', () => {
    expect(summary.blocked).toBe(false);
    const concerns = [testConcern({ severity: 'critical' })];
    expect(planSummary({ ...PLAN, concerns }).blocked).toBe(true);
  });

  test('says when a machine starts as far as work and clock run alike', () => {
    // The third pair of its wave: 20 minutes after 21:00.
    expect(machine('infra4').startsAt).toBe('2026-11-27T21:20:00.000Z');
    expect(machine('app1').startsAt).toBeNull();
    expect(machine('diskless').estimate).toBeNull();
  });
});
