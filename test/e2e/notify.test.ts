import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { expect, it, onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import { mailServer } from '../support/mail-server.js';
import { runCli } from '../support/run-cli.js';
import { tempFiles } from '../support/temp-files.js';

const { folder } = tempFiles();

/** A webhook that answers with `status`; what it got, in order. */
async function webhook(status: number): Promise<{ url: string; received: unknown[] }> {
  const received: unknown[] = [];
  const server = createServer((request, response) => {
    void json(request).then((body) => {
      received.push(body);
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, received };
}

async function migrationWith(notifications: readonly object[]): Promise<string> {
  const file = join(folder, 'estate.yaml');
  await writeFile(file, stringify({ version: 1, notifications }));
  return file;
}

it('every channel gets one message, whatever it is told else, and what failed says so', async () => {
  const mails = await mailServer({ authOptional: true, disabledCommands: ['STARTTLS'] });
  const good = await webhook(204);
  const bad = await webhook(410);
  const mail = {
    server: '127.0.0.1',
    port: mails.port,
    insecure: true,
    from: 'a@example.com',
    to: 'b@example.com',
  };
  const file = await migrationWith([
    { mail, on: ['summary'] },
    { webhook: { url: good.url }, on: ['batch-ended'] },
    { webhook: { url: bad.url } },
  ]);
  const { exitCode, stdout } = await runCli(['notify', file]);
  expect(exitCode).toBe(4);
  expect(stdout.split('\n')).toEqual([
    'ok: mail to b@example.com',
    `ok: webhook at ${new URL(good.url).origin}`,
    expect.stringMatching(/^failed: webhook at .*NOTIFICATION_FAILED/),
    expect.stringMatching(/^ {2}hint: /),
  ]);
  expect(mails.mails).toHaveLength(1);
  expect(mails.mails[0]?.source).toContain('test message');
  expect(good.received).toMatchObject([{ event: 'test' }]);
  expect(bad.received).toHaveLength(1);
});

it('a file that has nobody told is refused', async () => {
  const { exitCode, stderr } = await runCli(['notify', await migrationWith([])]);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('CONFIG_INVALID');
});
