import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../support/run-cli.js';
import { tempFiles } from '../support/temp-files.js';

const { folder, put } = tempFiles();
const MAIN = fileURLToPath(new URL('../../dist/xenferry.js', import.meta.url));
const work = mkdtempSync(join(folder, 'work-'));

beforeAll(async () => {
  put('xenferry', `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`);
  await execa('chmod', ['+x', join(folder, 'xenferry')]);
  writeFileSync(join(work, 'export.ova'), '');
  put('xenferry.bash', (await runCli(['completion', 'bash'])).stdout);
  put('xenferry.zsh', (await runCli(['completion', 'zsh'])).stdout);
});

/** What a bash without settings, of a user whose login shell is zsh, proposes for the last of `words`. */
async function proposals(...words: readonly string[]): Promise<string[]> {
  // Bash calls the function that `complete` names with the command, and with the line in COMP_*.
  const script = `
    source ${folder}/xenferry.bash || exit 9
    read -r -a spec <<<"$(complete -p xenferry)"
    for ((at = 0; at < \${#spec[@]}; at++)); do [ "\${spec[at]}" = -F ] && function=\${spec[at + 1]}; done
    COMP_WORDS=(xenferry "$@"); COMP_CWORD=$#; COMP_LINE="\${COMP_WORDS[*]}"; COMP_POINT=\${#COMP_LINE}
    "$function" xenferry "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD - 1]}"
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await execa('bash', ['--norc', '-c', script, 'bash', ...words], {
    cwd: work,
    env: { PATH: `${folder}:${process.env.PATH}`, SHELL: '/bin/zsh' },
  });
  return stdout.split('\n').filter((line) => line !== '');
}

describe('bash', () => {
  it.each([
    ['commands', ['pl'], ['plan']],
    ['options of a command', ['run', '--par'], ['--parallel']],
    ['options of a command about a batch', ['status', '--ba'], ['--batch']],
    ['values of an option', ['run', 'out', '--into', 'xva'], ['xva', 'xva-zstd']],
    ['actions', ['ledger', 're'], ['restore']],
    ['files by itself where nothing is known', ['run', 'exp'], []],
  ])('completes %s', async (_what, words, expected) => {
    expect(await proposals(...words)).toEqual(expected);
  });

  it('proposes every command', async () => {
    const { stdout } = await runCli(['--help']);
    const commands = [...stdout.matchAll(/^ {2}xenferry (\S+)/gm)].map(([, name]) => name);
    expect(commands.length).toBeGreaterThan(10);
    expect((await proposals('')).toSorted()).toEqual(commands.toSorted());
  });
});

describe('the scripts', () => {
  it.each(['bash', 'zsh'])('for %s are printed, and nothing for another shell', async (shell) => {
    const { stdout, exitCode } = await runCli(['completion', shell]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('--get-yargs-completions');
    expect((await runCli(['completion', 'fish'])).exitCode).toBe(2);
  });

  it('for zsh are understood by it where there is one', async ({ skip }) => {
    const found = await execa('zsh', ['-n', join(folder, 'xenferry.zsh')], { reject: false });
    if (found.code === 'ENOENT') skip('no zsh on this machine');
    expect(found.exitCode).toBe(0);
  });
});
