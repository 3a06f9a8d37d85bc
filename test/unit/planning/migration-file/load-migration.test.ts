import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { migrationJsonSchema } from '../../../../src/planning/index.js';
import { loadMigration } from '../../../../src/planning/migration-file/load-migration.js';
import { failureOf } from '../../../support/failure.js';
import { tempFiles } from '../../../support/temp-files.js';

const { put } = tempFiles();
const load = (text: string) => loadMigration(put('migration.yaml', text).path, ['debian-12']);

async function faults(text: string): Promise<string[]> {
  const { code, message } = await failureOf(load(text));
  expect(code).toBe('CONFIG_INVALID');
  return message.split('\n').map((line) => line.slice(line.indexOf('migration.yaml:')));
}

describe('a migration file', () => {
  it('is read from YAML and from JSON', async () => {
    const expected = { version: 1, networks: [{ from: 'VM*', to: 'LAN' }] };
    expect(await load('version: 1\nnetworks:\n  - from: VM* # all\n    to: LAN\n')).toEqual(expected);
    expect(await load(JSON.stringify(expected))).toEqual(expected);
  });

  it('has every error told at once, with line and column', async () => {
    const found = await faults(
      'version: 1\nnetwork: []\nlimits:\n  threads: many\nwaves:\n  - name: a\n    window: x\n',
    );
    expect(found).toHaveLength(3);
    expect(found[0]).toMatch(/^migration\.yaml:2:1: .*networks/);
    expect(found[1]).toMatch(/^migration\.yaml:4:12: limits\.threads/);
    expect(found[2]).toMatch(/^migration\.yaml:7:13: .*window/);
  });

  it.each([
    [
      'a wave that does not exist',
      'version: 1\nmachines:\n  web:\n    wave: nine\nwaves: [{name: one}]\n',
      /:4:11: /,
    ],
    [
      'a profile that does not exist',
      'version: 1\nprofiles:\n  - {from: "*", to: debian-21}\n',
      /:3:21: .*debian-12/,
    ],
    [
      'a storage that is not listed',
      'version: 1\ntarget: {storage: [{name: a, freeGiB: 1}]}\nstorage: [{from: x, to: b}]\n',
      /:3:25: /,
    ],
    ['a key given twice', 'version: 1\nlimits: {threads: 1}\nlimits: {threads: 2}\n', /:3:1: /],
    ['a tab', 'version: 1\n\tlimits: {}\n', /:2:/],
    ['nothing', '', /version: 1/],
  ])('is refused for %s', async (_, text, expected) => {
    expect((await faults(text)).join('\n')).toMatch(expected);
  });

  it.each([
    ['deep nesting', `version: 1\nmachines: ${'['.repeat(50_000)}`],
    [
      'many aliases',
      `a: &a [x,x,x,x,x,x,x,x,x,x]\n${[...'bcdefgh'].map((k, i) => `${k}: &${k} [${Array(10).fill(`*${'abcdefg'[i]}`).join(',')}]`).join('\n')}\n`,
    ],
    ['two megabytes', `version: 1\n# ${'x'.repeat(2_000_000)}`],
  ])('with %s is refused at once', async (_, text) => {
    await faults(text);
  });

  it.each([
    [
      'names of windows',
      'bandwidth:\n  - {window: offise, mibPerSecond: 0}\nwindows:\n  office: {cron: "0 8 * * 1-5", hours: 10}',
      /^migration\.yaml:3:14: bandwidth\[0\]\.window: "offise" is no window; did you mean "office"\?$/,
    ],
    [
      'cron expressions',
      'windows:\n  office: {cron: "0 25 * * *", hours: 10}',
      /^migration\.yaml:3:18: windows\.office\.cron: "0 25 \* \* \*" says no time: .*hour/,
    ],
    ['dates', 'blackOuts: ["2026-02-30"]', /^migration\.yaml:2:13: blackOuts\[0\]: .*"2026-02-30"$/],
    [
      'words of the two kinds of windows',
      'windows:\n  office: {cron: "0 8 * * *", hour: 10}',
      /^migration\.yaml:3:31: windows\.office\.hour: unknown key; did you mean "hours"\?$/,
    ],
    [
      'what is missing of one',
      'windows:\n  office: {cron: "0 8 * * *"}',
      /windows\.office\.hours: is missing$/,
    ],
  ])('tells mistakes in %s', async (_, text, line) => {
    expect(await faults(`version: 1\n${text}\n`)).toEqual([expect.stringMatching(line)]);
  });

  it('has the published schema', () => {
    expect(JSON.parse(readFileSync('docs/migration.schema.json', 'utf8'))).toEqual(
      JSON.parse(JSON.stringify(migrationJsonSchema())),
    );
  });

  it('is what the documents and the sample show', async () => {
    const text = readFileSync('docs/migration-file.md', 'utf8');
    const examples = [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml = '']) => yaml);
    expect(examples.length).toBeGreaterThan(3);
    for (const example of [...examples, readFileSync('samples/migration.yaml', 'utf8')]) {
      expect(await load(example)).toMatchObject({ version: 1 });
    }
  });
});
