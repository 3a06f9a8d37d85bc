import { readFileSync, writeFileSync } from 'node:fs';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import about from '../../package.json' with { type: 'json' };
import { type HelpText, readHelp } from '../support/help-text.js';
import { manPage } from '../support/man-page.js';
import { runCli } from '../support/run-cli.js';

const PAGE = 'docs/man/xenferry.1';
let program: HelpText;
let commands: HelpText[];

async function helpOf(...words: readonly string[]): Promise<HelpText> {
  return readHelp((await runCli([...words, '--help'])).stdout);
}

beforeAll(async () => {
  program = await helpOf();
  const names = (program.sections.get('Commands') ?? []).map(({ term }) => term.split(' ')[1] ?? '');
  commands = [];
  for (const name of names) commands.push(await helpOf(name));
});

/** The page as its reader sees it, as one line. */
async function rendered(): Promise<string> {
  const { stdout } = await execa('groff', ['-man', '-Tutf8', '-P-cbou', '-rLL=400n', PAGE]);
  return stdout.replaceAll('\u2010', '-').replaceAll(/\s+/g, ' ');
}

describe('the manual page', () => {
  it('says what the program says of itself', () => {
    const expected = manPage(about.version, program, commands);
    // UPDATE_DOCS=1 writes what the help says now.
    if (process.env.UPDATE_DOCS === '1') writeFileSync(PAGE, expected);
    else expect(readFileSync(PAGE, 'utf8')).toBe(expected);
  });

  it('shows its reader every command, option, choice and example as they are typed', async () => {
    const page = await rendered();
    expect(commands.length).toBeGreaterThan(10);
    for (const { usage, sections } of commands) {
      expect(page).toContain(usage);
      for (const { term, tags } of sections.get('Options') ?? []) {
        expect(page).toContain(term);
        for (const tag of tags.filter((told) => told.startsWith('choices'))) expect(page).toContain(tag);
      }
      for (const { term } of sections.get('Examples') ?? []) expect(page).toContain(term);
    }
  });

  it('has every exit code', async () => {
    const page = await rendered();
    for (const part of ['3 the plan is blocked', '70 a bug of xenferry', '130 cancelled']) {
      expect(page).toContain(part);
    }
  });

  it('is formatted without a warning', async () => {
    const { stderr } = await execa('groff', ['-man', '-ww', '-Tutf8', '-z', PAGE]);
    expect(stderr).toBe('');
  });
});
