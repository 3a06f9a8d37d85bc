import { execFileSync } from 'node:child_process';
import type { RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  type Channel,
  deliver,
  NOTIFICATIONS_SCHEMA,
  notificationChannels,
} from '../../../src/notifications/index.js';
import { webhookSignature } from '../../../src/notifications/webhook-signature.js';
import { selfSigned } from '../../support/certificate.js';
import { failedNotice, stuckNotice } from '../../support/notices.js';
import { deadOrigin, silentServer, statusOnly, webServer } from '../../support/range-server.js';
import { tempFiles } from '../../support/temp-files.js';

const { folder, put } = tempFiles();
const QUICK = { baseUrl: 'https://xenferry.example/night', patience: { attempt: 2_000, pauses: [10, 20] } };

interface Received {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** A listener that keeps what it is sent and answers with the next of `statuses`, the last one for good. */
function recorder(...statuses: readonly number[]): { received: Received[]; listener: RequestListener } {
  const received: Received[] = [];
  const listener: RequestListener = (request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(parts).toString() });
      response.writeHead(statuses[received.length - 1] ?? statuses.at(-1) ?? 204);
      response.end();
    });
  };
  return { received, listener };
}

function channelTo(webhook: Record<string, unknown>): Channel {
  const [channel] = notificationChannels(NOTIFICATIONS_SCHEMA.parse([{ webhook }]), folder);
  if (channel === undefined) throw new Error('no channel');
  return channel;
}

describe('a webhook', () => {
  it('gets what happened, with words for people and a link', async () => {
    const { received, listener } = recorder(204);
    const { origin } = await webServer(listener);
    const outcome = await deliver(
      channelTo({ url: `${origin}/hook?key=s3cret` }),
      failedNotice('web01'),
      QUICK,
    );
    expect(outcome).toMatchObject({ attempts: 1, error: null, kind: 'machine-failed' });
    expect(JSON.parse(received[0]?.body ?? '')).toMatchObject({
      event: 'machine-failed',
      batch: 'shop',
      subject: '[xenferry] shop: web01 failed (VMDK_TRUNCATED)',
      url: 'https://xenferry.example/night/batches/7',
      details: { failures: [{ machine: 'web01', hint: 'Copy the disk again.' }], more: 0 },
    });
  });

  it('can tell by a signature who sent the message', async () => {
    const { received, listener } = recorder(200);
    const { origin } = await webServer(listener);
    put('secret', 'a shared secret\n');
    await deliver(channelTo({ url: origin, secret: { file: 'secret' } }), stuckNotice(), QUICK);
    const [{ headers, body } = { headers: {}, body: '' }] = received;
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    const hmac = execFileSync('openssl', ['dgst', '-sha256', '-hmac', 'a shared secret', '-binary'], {
      input: signed,
    });
    expect(headers['webhook-signature']).toBe(`v1,${hmac.toString('base64')}`);
    expect(Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1000)).toBeLessThan(60);
  });

  it('may have a secret in the form of Standard Webhooks', () => {
    const key = Buffer.from('00112233445566778899aabbccddeeff0011223344556677', 'hex');
    const parts = { id: 'msg_1', timestamp: 1_614_265_330, body: '{"test": 1}' };
    const hmac = execFileSync(
      'openssl',
      ['dgst', '-sha256', '-mac', 'HMAC', '-macopt', `hexkey:${key.toString('hex')}`, '-binary'],
      { input: 'msg_1.1614265330.{"test": 1}' },
    );
    expect(webhookSignature(`whsec_${key.toString('base64')}`, parts)).toBe(`v1,${hmac.toString('base64')}`);
  });

  it('is tried again while the server is busy, with the same id', async () => {
    const { received, listener } = recorder(503, 429, 200);
    const { origin } = await webServer(listener);
    expect(await deliver(channelTo({ url: origin }), stuckNotice(), QUICK)).toMatchObject({
      attempts: 3,
      error: null,
    });
    expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  });

  it('is left alone for as long as it asks for, within reason', async () => {
    let last = 0;
    const pauses: number[] = [];
    const { origin } = await webServer((_request, response) => {
      if (last > 0) pauses.push(performance.now() - last);
      last = performance.now();
      response.writeHead(429, { 'retry-after': pauses.length === 0 ? '1' : '99999' });
      response.end();
    });
    const patience = { attempt: 2_000, pauses: [10, 1_200] };
    await deliver(channelTo({ url: origin }), stuckNotice(), { ...QUICK, patience });
    expect(pauses).toHaveLength(2);
    expect(pauses[0]).toBeGreaterThan(990);
    expect(Math.max(...pauses)).toBeLessThan(3_000);
  });

  it.each([400, 401, 404])('that refuses with %i is not tried again', async (status) => {
    const { origin, requests } = await webServer(statusOnly(status));
    const { error } = await deliver(channelTo({ url: origin }), stuckNotice(), QUICK);
    expect(error).toMatchObject({ code: 'NOTIFICATION_FAILED', message: `refused (status ${status})` });
    expect(requests).toHaveLength(1);
  });

  it('that redirects is not followed, not even to itself', async () => {
    const elsewhere = await webServer(statusOnly(200));
    const { origin } = await webServer((_request, response) => {
      response.writeHead(307, { location: elsewhere.origin });
      response.end();
    });
    const { error } = await deliver(channelTo({ url: origin }), stuckNotice(), QUICK);
    expect(error?.message).toContain('redirects');
    expect(elsewhere.requests).toHaveLength(0);
  });

  it('that does not listen, or listens and says nothing, costs attempts and nothing else', async () => {
    const dead = await deliver(channelTo({ url: await deadOrigin() }), stuckNotice(), QUICK);
    expect(dead).toMatchObject({ attempts: 3, error: { code: 'NOTIFICATION_FAILED' } });
    const { origin, connections } = await silentServer();
    const silent = await deliver(channelTo({ url: origin }), stuckNotice(), {
      ...QUICK,
      patience: { attempt: 100, pauses: [10] },
    });
    expect(silent.error?.message).toContain('no answer in time');
    expect(connections()).toBe(2);
  });

  it('that answers without end is cut off', async () => {
    let sent = 0;
    const { origin } = await webServer((_request, response) => {
      response.writeHead(200);
      const part = Buffer.alloc(65_536, 0x20);
      const more = (): void => {
        while (!response.destroyed && sent < 2 ** 30) {
          sent += part.length;
          if (!response.write(part)) return void response.once('drain', more);
        }
      };
      more();
    });
    await deliver(channelTo({ url: origin }), stuckNotice(), QUICK);
    expect(sent).toBeLessThan(64 * 2 ** 20);
  });

  it('is trusted by the system or by a named authority only', async () => {
    const tls = selfSigned();
    const { received, listener } = recorder(200);
    const { origin } = await webServer(listener, { cert: tls.cert, key: tls.key });
    const stranger = await deliver(channelTo({ url: origin }), stuckNotice(), QUICK);
    expect(stranger).toMatchObject({ attempts: 1, error: { code: 'NOTIFICATION_FAILED' } });
    expect(stranger.error?.message).toContain('not trusted');
    expect(received).toHaveLength(0);
    put('ca.pem', tls.cert);
    const known = await deliver(channelTo({ url: origin, ca: 'ca.pem' }), stuckNotice(), QUICK);
    expect(known.error).toBeNull();
  });

  it('keeps its secrets out of every outcome', async () => {
    const { origin } = await webServer((request, response) => {
      // A server that repeats what it was sent.
      response.writeHead(500, `${request.url}`);
      response.end(request.url);
    });
    put('address', `${origin}/services/T0PS3CRET\n`);
    put('secret', 'a shared secret\n');
    const channels = [
      channelTo({ url: `${origin}/services/T0PS3CRET`, secret: { file: 'secret' } }),
      channelTo({ url: { file: 'address' }, secret: { file: 'secret' } }),
      channelTo({ url: origin, secret: { file: 'no-such-file' } }),
    ];
    for (const channel of channels) {
      const outcome = await deliver(channel, stuckNotice(), QUICK);
      expect(outcome.error).not.toBeNull();
      const told = JSON.stringify([
        outcome,
        outcome.error?.stack,
        outcome.error?.message,
        String(outcome.error?.cause),
      ]);
      expect(told).not.toMatch(/T0PS3CRET|a shared secret/);
    }
  });
});

describe('the words for notifications', () => {
  const mail = { server: 'mail.example.com', from: 'xenferry@example.com', to: 'ops@example.com' };

  it.each([
    ['a webhook without TLS', { webhook: { url: 'http://hooks.example.com/' } }],
    ['a password in an address', { webhook: { url: 'https://user:pass@hooks.example.com/' } }],
    ['another protocol', { webhook: { url: 'file:///etc/passwd' } }],
    ['mail without TLS to another machine', { mail: { ...mail, insecure: true } }],
    ['a header in an address', { mail: { ...mail, to: 'ops@example.com\r\nBcc: a@b.c' } }],
    ['a password in the open', { mail: { ...mail, login: { user: 'ops', password: 'secret' } } }],
    ['an unknown event', { webhook: { url: 'https://hooks.example.com/' }, on: ['everything'] }],
  ])('do not take %s', (_what, setting) => {
    expect(NOTIFICATIONS_SCHEMA.safeParse([setting]).success).toBe(false);
  });

  it('leave the start of a batch out where they do not say what is told', () => {
    const [channel] = notificationChannels(NOTIFICATIONS_SCHEMA.parse([{ mail }]), '/etc');
    expect(channel).toMatchObject({ port: 587, protection: 'starttls', to: ['ops@example.com'] });
    expect(channel?.on).not.toContain('batch-started');
    expect(channel?.on).toContain('summary');
  });

  it('have a JSON schema', () => {
    expect(() => z.toJSONSchema(NOTIFICATIONS_SCHEMA, { io: 'input' })).not.toThrow();
  });
});
