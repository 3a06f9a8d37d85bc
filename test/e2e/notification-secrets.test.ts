import { mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SMTPServerOptions } from 'smtp-server';
import { beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import { MIB } from '../../src/model/units.js';
import { writeBigEstate } from '../support/big-estate.js';
import { selfSigned } from '../support/certificate.js';
import { mailServer } from '../support/mail-server.js';
import { webServer } from '../support/range-server.js';
import { runCli } from '../support/run-cli.js';
import { startServeCli } from '../support/serve-cli.js';
import { tempFiles } from '../support/temp-files.js';

const MAIL_PASSWORD = 'm4il-pa55word';
const HOOK_SECRET = 'a-webh00k-secret';
const HOOK_TOKEN = 'T0KEN-in-the-address';
const USER = 'ops';

const { folder, put } = tempFiles();
const TLS = selfSigned();

/** A mail server that repeats what it was given when it refuses. */
const LOGIN: SMTPServerOptions = {
  cert: TLS.cert,
  key: TLS.key,
  onAuth({ username, password }, _session, done) {
    if (username === USER && password === MAIL_PASSWORD) done(null, { user: username });
    else done(new Error(`no such password: ${password}`));
  },
};

beforeAll(() => {
  put('ca.pem', TLS.cert);
  process.env.XENFERRY_TEST_HOOK_SECRET = HOOK_SECRET;
});

/** A folder with an export and what a service's home has. */
async function newHome(): Promise<string> {
  const home = mkdtempSync(join(folder, 'home-'));
  mkdirSync(join(home, 'exports'));
  await writeBigEstate(join(home, 'exports'), [{ name: 'alpha', disks: [4 * MIB] }]);
  writeFileSync(join(home, 'ca.pem'), TLS.cert);
  return home;
}

/** Who is told by both ways; the mail's password is `password`, and the webhook's address is a secret. */
async function migrationFor(home: string, mailPort: number, hook: string, password: string): Promise<string> {
  writeFileSync(join(home, 'mail-password'), password);
  writeFileSync(join(home, 'hook-address'), `${hook}/${HOOK_TOKEN}`);
  const on = ['batch-started', 'batch-ended', 'summary'];
  return stringify({
    version: 1,
    sources: [{ path: 'exports' }],
    target: { folder: 'out' },
    fixups: 'off',
    notifications: [
      {
        mail: {
          server: '127.0.0.1',
          port: mailPort,
          ca: 'ca.pem',
          login: { user: USER, password: { file: 'mail-password' } },
          from: 'xenferry@example.com',
          to: 'ops@example.com',
        },
        on,
      },
      {
        webhook: {
          url: { file: 'hook-address' },
          secret: { environment: 'XENFERRY_TEST_HOOK_SECRET' },
        },
        on,
      },
    ],
  });
}

/** A webhook's receiver that is well, or refuses and repeats what it was sent. */
async function receiver(works: boolean) {
  const seen: string[] = [];
  const { origin } = await webServer((request, response) => {
    seen.push(request.url ?? '');
    request.resume();
    if (works) response.writeHead(204).end();
    else response.writeHead(403, { 'x-seen': String(request.url) }).end(request.url);
  });
  return { origin, seen };
}

function expectNoSecrets(texts: readonly string[], password: string): void {
  for (const secret of [password, MAIL_PASSWORD, HOOK_SECRET, HOOK_TOKEN]) {
    // As SMTP's LOGIN and PLAIN send it.
    const login = Buffer.from(secret).toString('base64').replace(/=+$/, '');
    const plain = Buffer.from(`\0${USER}\0${secret}`).toString('base64').replace(/=+$/, '');
    for (const text of texts) {
      for (const form of [secret, login, plain]) expect(text).not.toContain(form);
    }
  }
}

/** The text of every file below a folder, but of those that hold the secrets. */
function filesIn(path: string): string[] {
  if (!statSync(path).isDirectory()) return [readFileSync(path, 'latin1')];
  return readdirSync(path)
    .filter((name) => name !== 'mail-password' && name !== 'hook-address')
    .flatMap((name) => filesIn(join(path, name)));
}

describe.each([
  ['that is right', MAIL_PASSWORD, true],
  ['that is wrong', `${MAIL_PASSWORD}-of-yesterday`, false],
])('the secrets of notifications, with a mail password %s,', (_what, password, works) => {
  it('are told nowhere by a run', async () => {
    const mail = await mailServer(LOGIN);
    const hook = await receiver(works);
    const home = await newHome();
    const file = join(home, 'estate.yaml');
    writeFileSync(file, await migrationFor(home, mail.port, hook.origin, password));
    const run = await runCli(['run', '-m', file, '--verbose']);
    expect(run.exitCode, run.stderr).toBe(0);
    const planned = await runCli(['plan', '-m', file, '--json']);
    const reported = await runCli(['report', join(home, 'out'), '--json']);
    expect(mail.mails.map(({ user }) => user)).toEqual(works ? [USER, USER, USER] : []);
    expect(hook.seen).toContain(`/${HOOK_TOKEN}`);
    if (!works) expect(run.stderr).toContain('refused');
    const said = [run, planned, reported].flatMap(({ stdout, stderr }) => [stdout, stderr]);
    expectNoSecrets([...said, ...filesIn(home)], password);
  });

  it('are told nowhere by a service', { timeout: 90_000 }, async () => {
    const mail = await mailServer(LOGIN);
    const hook = await receiver(works);
    const home = await newHome();
    const service = await startServeCli(home);
    const answers: string[] = [];
    const ask = async (path: string, body?: object) => {
      const headers = {
        authorization: `Bearer ${service.token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      };
      const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
      const answer = await fetch(service.url + path, { headers, ...sent });
      const text = await answer.text();
      answers.push(text);
      return text;
    };
    const migration = await migrationFor(home, mail.port, hook.origin, password);
    const { id } = BATCH.parse(
      JSON.parse(await ask('/v1/batches', { name: 'night', migration, start: true })),
    );
    const stage = async () => BATCH.parse(JSON.parse(await ask(`/v1/batches/${id}`))).stage;
    await expect.poll(stage, { timeout: 60_000, interval: 300 }).toBe('ended');
    for (const path of ['', '/plan', '/jobs', '/orders', '/report', '/report.html', '/report.csv']) {
      await ask(`/v1/batches/${id}${path}`);
    }
    await ask('/v1/batches');
    await ask('/metrics');
    // A secret in the open is refused, and not repeated.
    const open = migration.replace('secret:', `secret: ${HOOK_SECRET} #`);
    expect(await ask('/v1/batches', { name: 'open', migration: open })).toContain('CONFIG_INVALID');
    service.process.kill('SIGTERM');
    const { stdout, stderr } = await service.process;
    expect(mail.mails.map(({ user }) => user)).toEqual(works ? [USER, USER, USER] : []);
    if (!works) expect(stderr).toContain('NOTIFICATION_FAILED');
    expectNoSecrets([stdout, stderr, ...answers, ...filesIn(home)], password);
  });
});

const BATCH = z.object({ id: z.number(), stage: z.string() });
