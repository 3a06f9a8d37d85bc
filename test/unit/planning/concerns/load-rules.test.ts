import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadRules } from '../../../../src/planning/concerns/index.js';
import { SAMPLE_FACTS } from '../../../../src/planning/concerns/sample-facts.js';
import { tempFiles } from '../../../support/temp-files.js';
import { concernsOf } from './rule-case.js';

const { folder, put } = tempFiles();

const OWN = `- id: OWN_RULE
  title: Own
  severity: warning
  scope: machine
  when: vm.cpus > 1
  evidence: Found on \${vm.name}.
  remedy: Look.
  waivable: true
  why: Because.
`;
const change = (from: string, to: string) => OWN.replace(from, to);

async function refusal(text: string): Promise<unknown> {
  const { path } = put('refused.yaml', text);
  return await loadRules([path]).then(
    () => 'accepted',
    (error: unknown) => error,
  );
}

describe('the facts that rules are checked against', () => {
  it('have every field filled, so that no rule is refused or let through for want of one', () => {
    const empty: string[] = [];
    const visit = (value: unknown, path: string) => {
      if (value === null || value === undefined) empty.push(path);
      else if (Array.isArray(value) && value.length === 0) empty.push(path);
      else if (typeof value === 'object')
        for (const [key, inner] of Object.entries(value)) visit(inner, `${path}.${key}`);
    };
    visit(SAMPLE_FACTS, '');
    expect(empty).toEqual([]);
  });
});

describe('rules of one’s own', () => {
  it('are asked beside the shipped ones', async () => {
    const rules = await loadRules([put('own.yaml', OWN).path]);
    expect(concernsOf(rules, {})).toEqual([
      {
        id: 'OWN_RULE',
        severity: 'warning',
        about: null,
        message: 'Found on web.',
        remedy: 'Look.',
        fix: null,
        waivable: true,
        waived: null,
      },
    ]);
  });

  it('change what they name in a shipped rule and keep the rest', async () => {
    const { path } = put('milder.yaml', '- id: SUSPENDED\n  severity: information\n');
    const found = concernsOf(await loadRules([path]), { vm: { powerState: 'suspended' } });
    expect(found).toMatchObject([
      { id: 'SUSPENDED', severity: 'information', message: 'The machine is suspended.' },
    ]);
  });

  it('switch a shipped rule off', async () => {
    const { path } = put('off.yaml', '- id: SUSPENDED\n  disabled: true\n');
    expect(concernsOf(await loadRules([path]), { vm: { powerState: 'suspended' } })).toEqual([]);
  });

  it('may be none', async () => {
    const { path } = put('empty.yaml', '# later\n');
    expect(await loadRules([path])).toHaveLength((await loadRules()).length);
  });

  it('may ask for settings that some machines have', async () => {
    const { path } = put('settings.yaml', change('vm.cpus > 1', '\'vm.settings["a.b"] == "x"\''));
    const rules = await loadRules([path]);
    expect(concernsOf(rules, { vm: { settings: { 'a.b': 'x' } } })).toMatchObject([{ id: 'OWN_RULE' }]);
  });

  it.each<[string, string, number, RegExp]>([
    [
      'misspell a field',
      change('vm.cpus', 'vm.featurs.drs && vm.cpus'),
      5,
      /^column 12: rule OWN_RULE: "when": no field "featurs"/,
    ],
    [
      'misspell a field in a text',
      change('vm.name', 'vm.nam'),
      6,
      /^column 27: rule OWN_RULE: "evidence": no field "nam"/,
    ],
    [
      'misspell a field behind a condition',
      change('vm.cpus > 1', 'vm.cpus > 99 && vm.disks.exists(d, d.sise > 1)'),
      5,
      /"sise"/,
    ],
    [
      'ask for what another scope has',
      change('vm.cpus > 1', 'disk.capacityBytes > 1'),
      5,
      /no "disk" here; there is vm,/,
    ],
    ['are no CEL', change('vm.cpus > 1', 'vm.cpus >'), 5, /rule OWN_RULE: "when"/],
    ['compare a number with text', change('vm.cpus > 1', 'vm.cpus > "1"'), 5, /no such overload/],
    ['call an unknown function', change('vm.cpus > 1', 'vm.cpus > gibi(1)'), 5, /gibi/],
    ['give no truth value', change('vm.cpus > 1', 'vm.cpus'), 5, /neither true nor false/],
    ['put a list into a text', change('vm.name', 'vm.disks'), 6, /neither text nor number/],
    ['leave a brace open', change('vm.name}', 'vm.name'), 6, /no closing brace/],
    ['lack a field', change('  remedy: Look.\n', ''), 1, /rule OWN_RULE: "remedy" is missing/],
    ['have an unknown field', `${OWN}  colour: red\n`, 10, /"colour"/],
    ['have an unknown severity', change('warning', 'bad'), 3, /"severity"/],
    ['have an id in lower case', change('OWN_RULE', 'own_rule'), 1, /upper case/],
    [
      'go through a list for a machine',
      `${OWN}  each: vm.disks\n`,
      10,
      /"each" is for rules of scope "plan"/,
    ],
    ['come twice', OWN + OWN, 10, /OWN_RULE is there already/],
    ['say a field twice', `${OWN}  title: Again\n`, 1, /"title" is given twice/],
    ['switch off what there is not', '- id: NO_SUCH\n  disabled: true\n', 1, /no rule NO_SUCH/],
    ['are no list', 'id: X\n', 1, /must be a list/],
    ['are no YAML', '- id: [\n', 2, /column/],
  ])('are refused with the place when they %s', async (_, text, line, message) => {
    expect(await refusal(text)).toMatchObject({
      code: 'CONFIG_INVALID',
      place: { file: join(folder, 'refused.yaml'), line },
      message: expect.stringMatching(message),
    });
  });

  it('are refused when two files have the same id', async () => {
    const files = [put('first.yaml', OWN).path, put('second.yaml', OWN).path];
    await expect(loadRules(files)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('first.yaml'),
    });
  });

  it.each([
    ['is not there', () => join(folder, 'missing.yaml')],
    ['is too large', () => put('large.yaml', `# ${'x'.repeat(1024 * 1024)}`).path],
    ['nests without end', () => put('deep.yaml', `- ${'['.repeat(200_000)}`).path],
    [
      'repeats aliases without end',
      () =>
        put(
          'bomb.yaml',
          `- &a {id: [x, x, x, x, x, x, x, x, x, x]}\n- id: &b [*a, *a, *a, *a, *a, *a, *a, *a]\n  when: &c [*b, *b, *b, *b, *b, *b, *b, *b]\n  why: [*c, *c, *c, *c, *c, *c, *c, *c]\n`,
        ).path,
    ],
  ])('are refused when the file %s', async (_, file) => {
    await expect(loadRules([file()])).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
