import { describe, expect, it } from 'vitest';
import { loadRules } from '../../../../src/planning/concerns/index.js';
import { CPU_MEMORY } from './cases/cpu-memory.js';
import { DEVICES } from './cases/devices.js';
import { DISKS } from './cases/disks.js';
import { FIRMWARE } from './cases/firmware.js';
import { GUEST } from './cases/guest.js';
import { NETWORKS } from './cases/networks.js';
import { PLAN } from './cases/plan.js';
import { STATE } from './cases/state.js';
import { TARGET } from './cases/target.js';
import { VMWARE_FEATURES } from './cases/vmware-features.js';
import { type CasesById, concernsOf, type RuleCase } from './rule-case.js';

const CASES: CasesById = {
  ...CPU_MEMORY,
  ...DISKS,
  ...NETWORKS,
  ...DEVICES,
  ...FIRMWARE,
  ...GUEST,
  ...STATE,
  ...VMWARE_FEATURES,
  ...TARGET,
  ...PLAN,
};

const rules = await loadRules();
const listOf = (given: RuleCase | readonly RuleCase[]): readonly RuleCase[] =>
  'length' in given ? given : [given];

describe('a shipped rule', () => {
  it('has a case that makes it speak and one that does not', () => {
    expect(Object.keys(CASES).sort()).toEqual(rules.map(({ rule }) => rule.id).sort());
  });

  it.each(Object.entries(CASES))('%s speaks when it should', (id, { fires }) => {
    const found = concernsOf(rules, fires).filter((concern) => concern.id === id);
    expect(found).toHaveLength(1);
    expect(found[0]?.message).toContain(fires.says);
    if (fires.about !== undefined) expect(found[0]?.about).toBe(fires.about);
    if (fires.severity !== undefined) expect(found[0]?.severity).toBe(fires.severity);
  });

  it.each(Object.entries(CASES))('%s is silent when it should be', (id, { silent }) => {
    for (const given of listOf(silent)) {
      expect(concernsOf(rules, given).filter((concern) => concern.id === id)).toEqual([]);
    }
  });

  it('says whole sentences, with no fact left open', () => {
    for (const { fires } of Object.values(CASES)) {
      for (const { message, remedy, fix } of concernsOf(rules, fires)) {
        for (const text of [message, remedy, ...(fix === null ? [] : [fix])]) {
          expect(text).toMatch(/^\S.*[.)]$/);
          expect(text).not.toMatch(/\$\{|null|undefined|NaN/);
        }
      }
    }
  });

  it('has nothing against a plain machine of which a source tells little', () => {
    expect(concernsOf(rules, {})).toEqual([]);
  });
});
