import { describe, expect, it } from 'vitest';
import {
  type DeliveryOutcome,
  NOTIFICATIONS_SCHEMA,
  Notifier,
  notificationChannels,
} from '../../../src/notifications/index.js';
import { failedNotice, stuckNotice, summaryNotice } from '../../support/notices.js';
import { deadOrigin, silentServer, webServer } from '../../support/range-server.js';

const PATIENCE = { attempt: 2_000, pauses: [10] };

function channels(...settings: readonly object[]) {
  return notificationChannels(NOTIFICATIONS_SCHEMA.parse(settings), '/');
}

interface Body {
  readonly event: string;
  readonly subject: string;
}

async function hook() {
  const bodies: Body[] = [];
  const { origin } = await webServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      bodies.push(JSON.parse(Buffer.concat(parts).toString()) as Body);
      response.end();
    });
  });
  return { origin, bodies };
}

describe('a notifier', () => {
  it('tells each channel what it wants to know, in order, and all of it before it closes', async () => {
    const [all, some] = [await hook(), await hook()];
    const outcomes: DeliveryOutcome[] = [];
    const notifier = new Notifier(
      channels({ webhook: { url: all.origin } }, { webhook: { url: some.origin }, on: ['summary'] }),
      { baseUrl: null, patience: PATIENCE, observe: (outcome) => outcomes.push(outcome) },
    );
    notifier.tell(stuckNotice());
    notifier.tell(summaryNotice());
    await notifier.close();
    expect(all.bodies.map(({ event }) => event)).toEqual(['job-stuck', 'summary']);
    expect(some.bodies.map(({ event }) => event)).toEqual(['summary']);
    expect(outcomes.map(({ error }) => error)).toEqual([null, null, null]);
  });

  it('makes two messages of a hundred failures in a row', async () => {
    const { origin, bodies } = await hook();
    const notifier = new Notifier(channels({ webhook: { url: origin } }), {
      baseUrl: null,
      patience: PATIENCE,
      observe: () => {},
    });
    for (let machine = 0; machine < 100; machine++) notifier.tell(failedNotice(`vm${machine}`));
    await notifier.close();
    expect(bodies.map(({ subject }) => subject)).toEqual([
      '[xenferry] shop: vm0 failed (VMDK_TRUNCATED)',
      '[xenferry] shop: 99 machines failed',
    ]);
  });

  it('gathers failures for a while and then tells of them by itself', async () => {
    const { origin, bodies } = await hook();
    const seen = new Promise<void>((resolve) => {
      const notifier = new Notifier(channels({ webhook: { url: origin } }), {
        baseUrl: null,
        patience: PATIENCE,
        gatherFailures: 50,
        observe: () => {
          if (bodies.length === 2) resolve();
        },
      });
      for (const name of ['a', 'b', 'c']) notifier.tell(failedNotice(name));
    });
    await seen;
    expect(bodies[1]?.subject).toBe('[xenferry] shop: 2 machines failed');
  });

  it('goes on with the others when one is out of reach, and takes no end of messages for nobody', async () => {
    const { origin, bodies } = await hook();
    const outcomes: DeliveryOutcome[] = [];
    const dead = await deadOrigin();
    const notifier = new Notifier(channels({ webhook: { url: dead } }, { webhook: { url: origin } }), {
      baseUrl: null,
      patience: PATIENCE,
      observe: (outcome) => outcomes.push(outcome),
    });
    for (let count = 0; count < 300; count++) notifier.tell(stuckNotice());
    await notifier.close();
    expect(bodies.length).toBeGreaterThanOrEqual(100);
    const lost = outcomes.filter(({ channel }) => channel.includes(dead));
    expect(lost).toHaveLength(300);
    expect(lost.every(({ error }) => error?.code === 'NOTIFICATION_FAILED')).toBe(true);
  });

  it('does not hold up the end of a run', async () => {
    const { origin } = await silentServer();
    const outcomes: DeliveryOutcome[] = [];
    const notifier = new Notifier(channels({ webhook: { url: origin } }), {
      baseUrl: null,
      observe: (outcome) => outcomes.push(outcome),
    });
    notifier.tell(summaryNotice());
    const began = performance.now();
    await notifier.close(200);
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(outcomes).toHaveLength(1);
  });
});
