import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GIB } from '../../../../src/model/units.js';
import { loadRules, planFacts, SharedResources } from '../../../../src/planning/concerns/index.js';
import {
  NO_ESTIMATE,
  testConcern,
  testDisk,
  testMachine,
  testNic,
  testPlanned,
  testProfile,
} from '../../../support/machines.js';
import { tempFiles } from '../../../support/temp-files.js';
import { anyPlanned, anyProfile, anyTarget } from './any-machine.js';
import { NO_PLAN, ruleBook } from './rule-case.js';

const { put } = tempFiles();
const shipped = await loadRules();
const profile = testProfile();

describe('the rules', () => {
  it('can all be decided on any machine', () => {
    fc.assert(
      fc.property(
        fc.array(anyPlanned, { maxLength: 3 }),
        anyProfile,
        anyTarget,
        fc.nat({ max: 1 }),
        (machines, known, target, mappings) => {
          const book = ruleBook(shipped, machines, {
            target,
            mappings: { networks: mappings, storage: mappings },
          });
          for (const planned of machines) {
            for (const { message } of book.machineConcerns(planned, { ...profile, ...known }))
              expect(message).not.toBe('');
          }
          const facts = planFacts(
            {
              machines,
              waves: [{ name: 'all', machineIds: [], window: null }],
              estimate: NO_ESTIMATE,
              unreadable: [],
            },
            { target, shared: new SharedResources(machines) },
            { selectors: ['x'], overrides: [], names: [] },
          );
          book.planConcerns(facts);
          expect(book.failedRules).toEqual([]);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('of the operator that cannot be decided are told once, with the first machine and how often', async () => {
    const rule =
      '- {id: TOO_BOLD, title: Bold, severity: warning, scope: disk, when: disk.usedBytes > 5, evidence: Much., remedy: Look., waivable: true, why: Because.}';
    const rules = await loadRules([put('bold.yaml', rule).path]);
    const machines = ['web', 'db'].map((name) =>
      testPlanned(testMachine({ name, nics: [testNic({ mac: null })] })),
    );
    const book = ruleBook(rules, machines);
    for (const planned of machines) expect(book.machineConcerns(planned, profile)).toEqual([]);
    expect(book.planConcerns(NO_PLAN)).toMatchObject([
      {
        id: 'RULE_FAILED',
        severity: 'warning',
        about: 'TOO_BOLD',
        message: expect.stringMatching(/2 times, first for web, disk 1 \(disk\.vmdk\): no such overload/),
      },
    ]);
  });

  it('are asked of ten thousand machines in seconds', () => {
    const machines = Array.from({ length: 10_000 }, (_, index) =>
      testPlanned(
        testMachine({
          name: `web${index}`,
          disks: [testDisk(), testDisk({ unit: 1 })],
          nics: [testNic({ mac: `00:50:56:00:${pair(index >> 8)}:${pair(index)}` })],
          devices: [{ kind: 'cdrom', label: 'cd', connected: false, backing: null }],
        }),
      ),
    );
    const start = process.cpuUsage();
    const book = ruleBook(shipped, machines);
    for (const planned of machines) book.machineConcerns(planned, profile);
    expect(book.failedRules).toEqual([]);
    // It takes two; a rule that throws for each machine, or a lookup that goes through all of them, takes far more.
    expect(process.cpuUsage(start).user / 1e6).toBeLessThan(8);
  }, 60_000);
});

describe('a plan’s facts', () => {
  it('add up machines, networks and repositories', () => {
    const db = testPlanned(testMachine({ name: 'db', cpus: 4, nics: [testNic()] }), {
      disks: [{ dataBytes: 3 * GIB, certainBytes: 0, storage: 'SR 1' }],
      dataBytes: 3 * GIB,
      concerns: [testConcern({ severity: 'critical' })],
    });
    const web = testPlanned(testMachine({ name: 'DB', id: 'web', nics: [testNic(), testNic()] }), {
      nics: [
        { network: 'LAN', mapped: true, mac: null },
        { network: 'LAN', mapped: true, mac: null },
      ],
    });
    const machines = [db, web];
    const estimate = { ...NO_ESTIMATE, storage: [{ storage: 'SR 1', bytes: 4 * GIB, freeBytes: 9 * GIB }] };
    const target = {
      networks: [{ name: 'DMZ' }],
      hosts: [{ name: 'xen1', memoryGiB: 64, cpus: 8, gpus: 1 }],
    };
    const shared = new SharedResources(machines);
    const window = { name: 'nights', days: ['sat' as const], from: '22:00', to: '06:00', timeZone: 'UTC' };
    const waves = [{ name: 'all', machineIds: ['db.ovf', 'web'], window }];
    const none = { selectors: [], overrides: [], names: [] };
    expect(planFacts({ machines, waves, estimate, unreadable: [] }, { target, shared }, none)).toEqual({
      machines: 2,
      unreadable: 0,
      listedOnly: 0,
      blocked: 1,
      totals: { memoryBytes: 2 * GIB, cpus: 6, gpus: 0, disks: 2, dataBytes: 7 * GIB },
      pool: { memoryBytes: 64 * GIB, cpus: 8, gpus: 1 },
      storage: [{ name: 'SR 1', exists: null, neededBytes: 4 * GIB, freeBytes: 9 * GIB, machines: 1 }],
      networks: [{ name: 'LAN', exists: false, mapped: false, machines: 2 }],
      repeatedNames: [{ name: 'db', machines: 2 }],
      unmatched: none,
      waves: [{ name: 'all', machines: 2, window: 'nights', windows: 1, seconds: 0 }],
    });
  });
});

function pair(value: number): string {
  return (value & 255).toString(16).padStart(2, '0');
}
