import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { runCli, runJson } from '../support/run-cli.js';

const DOCUMENT = readFileSync('docs/profiles.md', 'utf8');
/** Commands of the document with what it says they print. */
const EXAMPLES = [...DOCUMENT.matchAll(/^ {4}\$ xenferry (.*)\n((?: {4}(?!\$).*\n)+)/gm)].map(
  ([, command = '', output = '']): [string, string] => [command, output.replace(/^ {4}/gm, '').trimEnd()],
);

const words = (command: string) =>
  [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');

describe('xenferry profiles', () => {
  it.each(EXAMPLES)('prints what docs/profiles.md says: xenferry %s', async (command, output) => {
    expect(await runCli(words(command))).toMatchObject({ exitCode: 0, stdout: output, stderr: '' });
  });

  it('lists what docs/profiles.md lists', async () => {
    const { stdout } = await runCli(['profiles']);
    const listed = stdout.trim().split('\n').slice(1);
    const documented = [...DOCUMENT.matchAll(/^\| `([a-z0-9-]+)` \| (.*?) \| (full|limited|none) \|/gm)];
    expect(EXAMPLES.length).toBeGreaterThan(3);
    expect(listed.map((line) => line.split(/ {2,}/).slice(0, 3))).toEqual(
      documented.map(([, id, title, support]) => [id, title, support]),
    );
  });

  it('prints documents', async () => {
    const all = await runJson(['profiles'], z.object({ profiles: z.array(z.object({ id: z.string() })) }));
    expect(all.profiles.map(({ id }) => id)).toContain('windows-2012');
    const one = z.object({ id: z.literal('el-5'), template: z.literal('other-install-media') });
    await runJson(['profiles', 'el-5'], one);
    const why = z.object({
      profile: z.literal('generic'),
      by: z.literal('generic'),
      pattern: z.literal('*'),
    });
    await runJson(['profiles', '--match', 'otherGuest64'], why);
  });

  it.each([
    [['profiles', 'nextstep'], 'CONFIG_INVALID'],
    [['profiles', 'el-5', '--match', 'rhel5Guest'], 'USAGE'],
  ])('refuses %j', async (args, code) => {
    expect(await runCli(args)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(`(${code})`) });
  });
});
