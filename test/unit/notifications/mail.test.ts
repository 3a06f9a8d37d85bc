import type { SMTPServerOptions } from 'smtp-server';
import { describe, expect, it } from 'vitest';
import {
  type Channel,
  deliver,
  NOTIFICATIONS_SCHEMA,
  notificationChannels,
} from '../../../src/notifications/index.js';
import { selfSigned } from '../../support/certificate.js';
import { mailServer } from '../../support/mail-server.js';
import { failedNotice, stuckNotice, summaryNotice } from '../../support/notices.js';
import { deadOrigin, silentServer } from '../../support/range-server.js';
import { tempFiles } from '../../support/temp-files.js';

const { folder, put } = tempFiles();
const TLS = selfSigned();
const PASSWORD = 'hunter2-but-longer';
const QUICK = { baseUrl: 'https://xenferry.example', patience: { attempt: 3_000, pauses: [10, 20] } };
put('ca.pem', TLS.cert);
put('password', `${PASSWORD}\n`);

const LOGIN: SMTPServerOptions = {
  cert: TLS.cert,
  key: TLS.key,
  onAuth({ username, password }, _session, done) {
    if (username === 'ops' && password === PASSWORD) done(null, { user: username });
    // A server that tells the world what it was given.
    else done(new Error(`no such password: ${password}`));
  },
};

function channelTo(port: number, more: Record<string, unknown> = {}): Channel {
  const mail = {
    server: '127.0.0.1',
    port,
    ca: 'ca.pem',
    login: { user: 'ops', password: { file: 'password' } },
    from: 'xenferry@example.com',
    to: ['ops@example.com', 'boss@example.com'],
    ...more,
  };
  const [channel] = notificationChannels(NOTIFICATIONS_SCHEMA.parse([{ mail }]), folder);
  if (channel === undefined) throw new Error('no channel');
  return channel;
}

describe('mail', () => {
  it.each([
    ['after STARTTLS', {}, {}],
    ['with TLS from the start', { secure: true }, { tls: 'implicit' }],
  ])('goes out %s, logged in', async (_how, options, setting) => {
    const { port, mails } = await mailServer({ ...LOGIN, ...options });
    const outcome = await deliver(channelTo(port, setting), stuckNotice(), QUICK);
    expect(outcome).toMatchObject({ attempts: 1, error: null });
    expect(mails).toHaveLength(1);
    expect(mails[0]).toMatchObject({
      secure: true,
      user: 'ops',
      from: 'xenferry@example.com',
      to: ['ops@example.com', 'boss@example.com'],
    });
    expect(mails[0]?.source).toContain('Subject: [xenferry] shop: db01 is stuck in convert');
    expect(mails[0]?.source).toContain('Nothing was heard of it for 10 m 20 s.');
    expect(mails[0]?.source).toContain('https://xenferry.example/batches/7');
  });

  it('takes user and password from the environment as well', async () => {
    process.env.TEST_MAIL_USER = 'ops';
    process.env.TEST_MAIL_PASSWORD = PASSWORD;
    const { port, mails } = await mailServer(LOGIN);
    const login = {
      user: { environment: 'TEST_MAIL_USER' },
      password: { environment: 'TEST_MAIL_PASSWORD' },
    };
    await deliver(channelTo(port, { login }), stuckNotice(), QUICK);
    expect(mails[0]?.user).toBe('ops');
  });

  it('tells nothing to a server without TLS', async () => {
    const { port, mails } = await mailServer({ authOptional: true, hideSTARTTLS: true });
    const { error } = await deliver(channelTo(port), stuckNotice(), QUICK);
    expect(error).toMatchObject({ code: 'NOTIFICATION_FAILED' });
    expect(mails).toHaveLength(0);
  });

  it('goes without TLS to this machine where that is said', async () => {
    const { port, mails } = await mailServer({ authOptional: true, hideSTARTTLS: true });
    const setting = { insecure: true, login: undefined, ca: undefined };
    expect((await deliver(channelTo(port, setting), stuckNotice(), QUICK)).error).toBeNull();
    expect(mails[0]).toMatchObject({ secure: false, user: null });
  });

  it('tells nothing to a server whose certificate nobody vouches for', async () => {
    const { port, mails } = await mailServer(LOGIN);
    const { error, attempts } = await deliver(channelTo(port, { ca: undefined }), stuckNotice(), QUICK);
    expect(error?.message).toContain('not trusted');
    expect(error?.hint).toContain('ca');
    expect(attempts).toBe(1);
    expect(mails).toHaveLength(0);
  });

  it('is not tried again with a wrong password, which shows nowhere', async () => {
    put('wrong', 'wr0ng-passw0rd\n');
    const { port } = await mailServer(LOGIN);
    const login = { user: 'ops', password: { file: 'wrong' } };
    const outcome = await deliver(channelTo(port, { login }), stuckNotice(), QUICK);
    expect(outcome.attempts).toBe(1);
    expect(outcome.error?.message).toContain('refuses the login');
    const { error } = outcome;
    const told = JSON.stringify([outcome, error?.message, error?.stack, String(error?.cause)]);
    expect(told).not.toContain('wr0ng-passw0rd');
    expect(told).not.toContain(Buffer.from('wr0ng-passw0rd').toString('base64'));
  });

  it('is tried again when it is refused for now, and not when it is for good', async () => {
    let asked = 0;
    const refuse = (status: number, times: number): SMTPServerOptions => ({
      ...LOGIN,
      onMailFrom(_address, _session, done) {
        asked++;
        done(asked <= times ? Object.assign(new Error('no'), { responseCode: status }) : null);
      },
    });
    const busy = await mailServer(refuse(451, 1));
    expect(await deliver(channelTo(busy.port), stuckNotice(), QUICK)).toMatchObject({
      attempts: 2,
      error: null,
    });
    asked = 0;
    const closed = await mailServer(refuse(550, 9));
    const refused = await deliver(channelTo(closed.port), stuckNotice(), QUICK);
    expect(refused).toMatchObject({ attempts: 1, error: { code: 'NOTIFICATION_FAILED' } });
  });

  it('says so when some of the recipients are refused', async () => {
    const { port, mails } = await mailServer({
      ...LOGIN,
      onRcptTo({ address }, _session, done) {
        done(address.startsWith('boss') ? Object.assign(new Error('gone'), { responseCode: 550 }) : null);
      },
    });
    const { error } = await deliver(channelTo(port), stuckNotice(), QUICK);
    expect(error?.message).toContain('1 of 2 recipients');
    expect(mails[0]?.to).toEqual(['ops@example.com']);
  });

  it('is tried again when nobody listens', async () => {
    const port = Number(new URL(await deadOrigin()).port);
    const outcome = await deliver(channelTo(port), stuckNotice(), QUICK);
    expect(outcome).toMatchObject({ attempts: 3, error: { code: 'NOTIFICATION_FAILED' } });
  });

  it('does not wait for a server that says nothing', async () => {
    const { origin } = await silentServer();
    const began = performance.now();
    const { error } = await deliver(channelTo(Number(new URL(origin).port)), stuckNotice(), {
      ...QUICK,
      patience: { attempt: 200, pauses: [] },
    });
    expect(error?.message).toContain('no answer in time');
    expect(performance.now() - began).toBeLessThan(3_000);
  });

  it('cannot be given headers by the name of a machine', async () => {
    const { port, mails } = await mailServer(LOGIN);
    await deliver(channelTo(port), failedNotice('evil\r\nBcc: all@example.com\r\n\r\nhello'), QUICK);
    const [headers = ''] = (mails[0]?.source ?? '').split('\r\n\r\n');
    expect(headers).not.toMatch(/^Bcc/im);
    expect(mails[0]?.to).toEqual(['ops@example.com', 'boss@example.com']);
  });

  it('brings the summary as text and as a page', async () => {
    const { port, mails } = await mailServer(LOGIN);
    await deliver(channelTo(port), summaryNotice(), QUICK);
    const source = mails[0]?.source ?? '';
    expect(source).toContain('multipart/alternative');
    expect(source).toContain('text/plain');
    expect(source).toContain('text/html');
  });
});
