import { readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  CommandFailure,
  complaintIn,
  quoted,
  startGuestfish,
} from '../../../../../src/guests/access/libguestfs/guestfish.js';
import { failureOf } from '../../../../support/failure.js';
import { tempFiles } from '../../../../support/temp-files.js';
import { standIn } from './stand-in.js';

const { folder } = tempFiles();
const options = { folder: join(folder, 'gf'), backendSettings: 'force_tcg' };

async function started(name: string, cases: string, signal?: AbortSignal) {
  const bin = join(folder, name);
  await standIn(bin, cases);
  vi.stubEnv('PATH', `${bin}${delimiter}${process.env.PATH}`);
  return await startGuestfish({ ...options, signal });
}

async function commandFailure(action: Promise<unknown>): Promise<string> {
  return await action.then(
    () => 'it did not fail',
    (error: unknown) => (error instanceof CommandFailure ? error.message : `no CommandFailure: ${error}`),
  );
}

afterEach(() => vi.unstubAllEnvs());

describe('Guestfish', () => {
  it('tells output and errors of each command apart, and goes on after an error', async () => {
    const guestfish = await started(
      'answers',
      `-bad*) echo half; echo "*stdin*:9: libguestfs: error: bad: no such thing" >&2 ;;
    -warn*) echo "libguestfs: warning: take care" >&2; echo warned ;;
    -bare*) printf bare ;;
    -*) echo "$line" ;;`,
    );
    const answers = await Promise.all([
      guestfish.run('good', ['a b']),
      commandFailure(guestfish.run('bad')),
      guestfish.run('warn'),
      guestfish.run('bare'),
    ]);
    expect(answers.map(String)).toEqual(['-good "a b"\n', 'bad: no such thing', 'warned\n', 'bare']);
    await guestfish.end();
    expect(await readdir(folder)).not.toContain('gf');
  });

  it('hands a secret over as a line of its own', async () => {
    const guestfish = await started(
      'secret',
      '-open*) read -r key; [ "$key" = "a \\"key\\"" ] && echo fits ;;',
    );
    expect((await guestfish.run('open', [], { secret: 'a "key"' })).toString()).toBe('fits\n');
    await guestfish.kill();
  });

  it('ends what hangs when its time is over, and says so from then on', async () => {
    const guestfish = await started('hangs', '-run*) sleep 1000 ;;');
    const failure = await failureOf(guestfish.run('run', [], { limit: 200 }));
    expect(failure).toMatchObject({ code: 'TOOL_FAILED', message: expect.stringContaining('0.2 seconds') });
    expect((await failureOf(guestfish.run('ls'))).code).toBe('TOOL_FAILED');
    expect((await failureOf(guestfish.end())).code).toBe('TOOL_FAILED');
  });

  it('is gone within a second when it is canceled', async () => {
    const stop = new AbortController();
    const guestfish = await started('canceled', '-run*) sleep 1000 ;;', stop.signal);
    const running = failureOf(guestfish.run('run'));
    setTimeout(() => stop.abort(), 100);
    const startedAt = Date.now();
    expect((await running).code).toBe('CANCELED');
    await guestfish.kill();
    expect(Date.now() - startedAt).toBeLessThan(1_100);
  });

  it('tells what the program said when it ends by itself', async () => {
    const guestfish = await started('crashes', '-run*) echo "qemu: no luck" >&2; exit 134 ;;');
    expect(await failureOf(guestfish.run('run'))).toMatchObject({
      code: 'TOOL_FAILED',
      message: expect.stringContaining('qemu: no luck'),
    });
  });

  it('names the package when it is not installed', async () => {
    vi.stubEnv('PATH', join(folder, 'nothing'));
    const guestfish = await startGuestfish(options);
    // The folders of administration are searched too, but no system has it there.
    expect(await failureOf(guestfish.run('run'))).toMatchObject({
      code: 'TOOL_MISSING',
      hint: expect.stringContaining('apt-get install --no-install-recommends guestfish'),
    });
  });

  it('refuses a command that guestfish would take for two', async () => {
    const guestfish = await started('long', '-*) ;;');
    expect(await commandFailure(guestfish.run('ls', ['x'.repeat(9_000)]))).toContain('too long');
    expect(await commandFailure(guestfish.run('ls', ['a\0b']))).toContain('zero byte');
    await guestfish.kill();
  });
});

describe('quoted', () => {
  it('keeps any name on one line within its quotes, and loses nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        fc.pre(!text.includes('\0'));
        const inside = /^"((?:[^"\\\n\r]|\\x[0-9a-f]{2})*)"$/.exec(quoted(text))?.[1];
        const back = inside?.replaceAll(/\\x(..)/g, (_, hex: string) =>
          String.fromCharCode(Number.parseInt(hex, 16)),
        );
        expect(back).toBe(text);
      }),
    );
  });
});

describe('complaintIn', () => {
  it('passes warnings over and drops the place in the input', () => {
    expect(complaintIn('libguestfs: warning: old appliance\n\n')).toBeNull();
    expect(complaintIn('*stdin*:4: libguestfs: error: ls: x: No such file or directory\n')).toBe(
      'ls: x: No such file or directory',
    );
  });
});
