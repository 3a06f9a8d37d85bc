import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { XenferryError } from '../../../../src/model/errors.js';
import { NO_PLACE_LIMITS } from '../../../../src/model/plan.js';
import {
  applyWhatIf,
  compareEstimates,
  DEFAULT_LIMITS,
  DEFAULT_RATES,
  estimatePlan,
  limitsOf,
  ratesOf,
  whatWouldHelp,
} from '../../../../src/planning/estimate/index.js';
import { MIGRATION_SCHEMA } from '../../../../src/planning/migration-file/schema.js';
import { limits, moved, oneWave, rates } from './scenario.js';

const migration = MIGRATION_SCHEMA.parse({
  version: 1,
  rates: { sourceMiBps: 80 },
  windows: { 'week.end': { days: ['sat'], from: '22:00', to: '06:00' } },
});

function refusal(...assignments: string[]): XenferryError {
  try {
    applyWhatIf(migration, assignments);
  } catch (error) {
    if (error instanceof XenferryError) return error;
    throw error;
  }
  throw new Error('it should have been refused');
}

describe('what if', () => {
  it('changes what is named and nothing else', () => {
    const changed = applyWhatIf(migration, [
      'rates.networkMiBps=50',
      'threadMiBps = 12.5',
      'limits.machinesAtOnce=8',
      'machinesPerHost=1',
      'machinesPerHost=2',
      'windows.week.end.to=08:00',
      'windows.week.end.days=sat,sun',
      'start=2026-11-27T22:00:00+01:00',
    ]);
    expect(changed).toEqual({
      version: 1,
      rates: { sourceMiBps: 80, networkMiBps: 50, threadMiBps: 12.5 },
      limits: { machinesAtOnce: 8, machinesPerHost: 2 },
      windows: { 'week.end': { days: ['sat', 'sun'], from: '22:00', to: '08:00', timeZone: 'UTC' } },
      start: '2026-11-27T22:00:00+01:00',
    });
    expect(migration.rates).toEqual({ sourceMiBps: 80 });
  });

  it.each([
    ['networkMibs=50', 'networkMiBps'],
    ['rates.sourceMBps=50', 'rates.sourceMiBps'],
    ['limit.threads=4', 'limits.threads'],
    ['windows.weekend.to=08:00', 'windows.week.end.to'],
  ])('refuses %s and names %s', (assignment, nearest) => {
    const { code, message } = refusal('threads=2', assignment);
    expect(code).toBe('USAGE');
    expect(message).toContain(`did you mean "${nearest}"?`);
  });

  it.each([
    '__proto__.threads=4',
    'begin=2026-11-27T22:00:00Z',
  ])('refuses %s and lists what there is', (assignment) => {
    const { code, hint } = refusal('threads=2', assignment);
    expect(code).toBe('USAGE');
    expect(hint).toMatch(/rates\.sourceMiBps.*limits\.threads.*start/);
  });

  it.each([
    'networkMiBps=fast',
    'networkMiBps=',
    'networkMiBps=0',
    'networkMiBps=1e999',
    'machinesAtOnce=1.5',
    'machinesAtOnce=-1',
    'machinesAtOnce=1000000',
    'windows.week.end.to=24:00',
    'windows.week.end.days=sat,someday',
    'start=tomorrow',
  ])('refuses %s as a value that makes no sense', (assignment) => {
    const { code, message } = refusal(assignment);
    expect(code).toBe('CONFIG_INVALID');
    expect(message).toContain(assignment.slice(0, assignment.indexOf('=')));
  });

  it('answers any text with a migration or a refusal', () => {
    const NAME = fc.constantFrom('networkMiBps', 'windows.week.end.to', 'start', 'threads', '');
    const TEXT = fc.oneof(
      fc.string(),
      fc.tuple(NAME, fc.string()).map((both) => both.join('=')),
    );
    fc.assert(
      fc.property(TEXT, (text) => {
        try {
          expect(MIGRATION_SCHEMA.safeParse(applyWhatIf(migration, [text])).success).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(XenferryError);
          expect(error).toHaveProperty('category', 'usage');
        }
      }),
    );
  });
});

describe('rates and limits', () => {
  it('are those of the migration file where it has them', () => {
    const file = { rates: { networkMiBps: 110 }, limits: { machinesPerHost: 1 } };
    expect(ratesOf(file)).toEqual({ ...DEFAULT_RATES, networkMiBps: 110 });
    expect(limitsOf(file, 6)).toEqual({
      ...DEFAULT_LIMITS,
      machinesAtOnce: 6,
      machinesPerHost: 1,
      threads: 6,
      ...NO_PLACE_LIMITS,
    });
  });

  it('are ones that the migration file may have', () => {
    const { byName: _, machinesPerTargetHost: __, machinesPerStorage: ___, ...limits } = limitsOf({}, 2);
    const defaults = { version: 1, rates: ratesOf({}), limits };
    expect(MIGRATION_SCHEMA.parse(defaults)).toEqual(defaults);
  });
});

describe('what would help', () => {
  const hosts = ['1', '2', '3', '4'].map((name) => moved(name, name, [{ mib: 10_000 }]));

  it('is more machines at once while other hosts idle', () => {
    // 100 s each, one after the other; by twos half of that.
    const input = oneWave(hosts, { limits: limits({ machinesAtOnce: 1 }) });
    expect(whatWouldHelp(input)).toEqual([
      { change: 'limits.machinesAtOnce=2', seconds: 200 },
      { change: 'rates.sourceMiBps=200', seconds: 200 },
    ]);
  });

  it('is a wider network where all share it', () => {
    // 40,000 MiB at 200, then at the hosts' 400; opening takes 10 s more each time.
    const input = oneWave(hosts, { rates: rates({ networkMiBps: 200, secondsPerMachine: 10 }) });
    expect(whatWouldHelp(input)).toEqual([
      { change: 'rates.networkMiBps=400', seconds: 100 },
      { change: 'rates.secondsPerMachine=5', seconds: 5 },
    ]);
  });

  it('is nothing when there is nothing to do', () => {
    expect(whatWouldHelp(oneWave([]))).toEqual([]);
  });

  it('names changes that can be tried', () => {
    const limits = { machinesAtOnce: 1, machinesPerHost: 4, machinesPerDatastore: 8, threads: 1 };
    const input = oneWave(hosts, {
      rates: { ...DEFAULT_RATES, secondsPerMachine: 3 },
      limits: limitsOf({ limits }, 1),
    });
    for (const { change } of whatWouldHelp(input)) {
      const changed = applyWhatIf({ ...migration, rates: input.rates, limits }, [change]);
      const { seconds } = estimatePlan({ ...input, rates: ratesOf(changed), limits: limitsOf(changed, 1) });
      expect(seconds).toBeLessThan(estimatePlan(input).seconds);
    }
  });
});

describe('a comparison', () => {
  it('has every wave of either estimate, and the totals', () => {
    const [a, b] = [moved('a', 'h1', [{ mib: 1000 }]), moved('b', 'h2', [{ mib: 1000 }])];
    const wave = (name: string, id: string) => ({ name, machineIds: [id], window: null });
    const before = estimatePlan({ ...oneWave([a, b]), waves: [wave('one', 'a.ovf'), wave('two', 'b.ovf')] });
    const after = estimatePlan({
      ...oneWave([a, b], { rates: rates({ networkMiBps: 50 }), start: '2026-11-28T12:00:00Z' }),
      waves: [wave('two', 'b.ovf'), wave('three', 'a.ovf')],
    });
    const compared = compareEstimates(before, after);
    expect(
      compared.waves.map((row) => [row.wave, row.before?.seconds, row.after?.seconds, row.after?.bottleneck]),
    ).toEqual([
      ['one', 10, undefined, undefined],
      ['two', 10, 20, 'network'],
      ['three', undefined, 20, 'network'],
    ]);
    expect(compared.before).toEqual({ seconds: 20, bottleneck: 'source', endsAt: null });
    expect(compared.after).toEqual({
      seconds: 40,
      bottleneck: 'network',
      endsAt: '2026-11-28T12:00:40.000Z',
    });
  });
});
