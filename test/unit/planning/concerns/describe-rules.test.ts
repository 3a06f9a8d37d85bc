import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { describeFunctions, describeRules, loadRules } from '../../../../src/planning/concerns/index.js';
import { testDisk } from '../../../support/machines.js';
import { tempFiles } from '../../../support/temp-files.js';
import { concernsOf } from './rule-case.js';

const DOCUMENT = 'docs/concerns.md';
const { put } = tempFiles();
const shipped = await loadRules();

/** The part of the document that is written by hand. */
const byHand = (text: string) => text.slice(0, text.indexOf('| function | gives |'));

describe('docs/concerns.md', () => {
  it('has all functions and rules as they are', () => {
    const text = readFileSync(DOCUMENT, 'utf8');
    const expected = `${byHand(text)}${describeFunctions()}\n\n${describeRules(shipped)}`;
    // UPDATE_DOCS=1 writes what the rules say now.
    if (process.env.UPDATE_DOCS === '1') writeFileSync(DOCUMENT, expected);
    else expect(text).toBe(expected);
  });

  it('has examples that can be loaded and find what they tell of', async () => {
    const examples = [...readFileSync(DOCUMENT, 'utf8').matchAll(/^```yaml\n(.*?)^```$/gms)];
    const files = examples.map(([, yaml = ''], index) => put(`example${index}.yaml`, yaml).path);
    expect(files).toHaveLength(2);
    const disk = testDisk({ datastore: 'bronze-2', capacityBytes: 600 * 1024 ** 3 });
    const found = concernsOf(await loadRules(files), { vm: { disks: [disk], powerState: 'on' } });
    expect(found).toMatchObject([
      { id: 'POWERED_ON', severity: 'information' },
      { id: 'OWNER_MISSING', message: 'web has no custom attribute "owner".' },
      { id: 'DISK_NOT_GOLD', message: 'disk 1 (disk.vmdk) has 600 GiB on bronze-2.' },
    ]);
  });

  it('can name every variable and field it explains', async () => {
    const names = [...readFileSync(DOCUMENT, 'utf8').matchAll(/^\| `(plan|planned)` \|.*$/gm)].map(
      ([line]) => line,
    );
    const fieldsOf = (line: string | undefined) =>
      [...(line ?? '').matchAll(/`(\w+)`/g)].map(([, name = '']) => name);
    const rule = (scope: string, variable: string, fields: readonly string[]) =>
      `- {id: F_${scope.toUpperCase()}, title: T, severity: warning, scope: ${scope}, evidence: E, remedy: R, waivable: true, why: W, when: '${fields
        .map((field) => `${variable}.${field} != null`)
        .join(' || ')}'}\n`;
    const planned = fieldsOf(names.find((line) => line.startsWith('| `planned`'))).filter(
      (name) => !['planned', 'plan'].includes(name),
    );
    const plan = fieldsOf(names.find((line) => line.startsWith('| `plan`'))).filter(
      (name) => name !== 'plan',
    );
    expect(planned.length).toBeGreaterThan(5);
    expect(plan.length).toBeGreaterThan(5);
    const { path } = put('fields.yaml', rule('machine', 'planned', planned) + rule('plan', 'plan', plan));
    expect(await loadRules([path])).toHaveLength(shipped.length + 2);
  });
});
