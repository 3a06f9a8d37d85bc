import fc from 'fast-check';
import { SaxesParser } from 'saxes';
import { describe, expect, it } from 'vitest';
import { describeNotice } from '../../../src/notifications/message.js';
import { closingNotice, failedNotice, stuckNotice, summaryNotice } from '../../support/notices.js';

const BASE = 'https://xenferry.example/night/';

describe('the morning summary', () => {
  const { subject, text, html } = describeNotice(summaryNotice(), BASE);

  it('says in one line how many are done', () => {
    expect(subject).toBe('[xenferry] shop: the night: 41 done, 1 failed, 2 left');
  });

  it('tells by the clocks of the batch what happened, why not more, and what to do', () => {
    // 21:00 UTC is 22:00 in Berlin in November; 900 GiB in seven hours are 36.6 MiB a second.
    for (const part of [
      'From Mon 23 Nov, 22:00 to Tue 24 Nov, 06:00',
      '900 GiB in 7 h 00 m',
      '36.6 MiB/s',
      'source read on esx03',
      'not yet; forecast Tue 24 Nov, 05:00',
      'mail01: hibernated (GUEST_REFUSED)',
      'Start Windows.',
      'db01: would end 40 min after the window nightly',
      'Goes on: Tue 24 Nov, 22:00',
      'https://xenferry.example/night/batches/7',
    ]) {
      expect(text).toContain(part);
    }
  });

  it('has the same on its page, which fetches nothing', () => {
    for (const part of [
      '36.6 MiB/s',
      'source read on esx03',
      'mail01',
      'Start Windows.',
      `${BASE}batches/7`,
    ]) {
      expect(html).toContain(part);
    }
    expect(html).not.toMatch(/<script|<img|<link|src=/i);
  });

  it('compares the end with the forecast', () => {
    const notice = summaryNotice();
    if (notice.kind !== 'summary') throw new Error('no summary');
    const { forecastEnd } = notice.night;
    const late = { ...notice.night, batchEnd: (forecastEnd ?? 0) + 22 * 60_000 };
    expect(describeNotice({ ...notice, night: late }, null).text).toContain('22 m 00 s later');
    const early = { ...notice.night, batchEnd: (forecastEnd ?? 0) - 3_600_000 };
    expect(describeNotice({ ...notice, night: early }, null).text).toContain('1 h 00 m earlier');
  });

  it('is a page whatever machines are called', () => {
    const notice = summaryNotice();
    if (notice.kind !== 'summary') throw new Error('no summary');
    const machine = '<script>alert(1)</script>&"\u202e\u0007';
    const failures = [{ machine, code: 'X', message: '</li>', hint: '<b>' }];
    const page = describeNotice({ ...notice, batch: '<i>', night: { ...notice.night, failures } }, null).html;
    expect(page).not.toContain('<script');
    expect(page).not.toContain('\u202e');
    const parser = new SaxesParser();
    const texts: string[] = [];
    parser.on('text', (found) => texts.push(found));
    // As XML it must be well-formed, but for the two things that only HTML has.
    parser.write(
      (page ?? '')
        .replace('<!doctype html>', '')
        .replace('<meta charset="utf-8">', '')
        .replaceAll('<br>', ' '),
    );
    parser.close();
    expect(texts.join('')).toContain('<script>alert(1)</script>&"');
  });
});

describe('a message', () => {
  it('says when the window closes and who will not be done', () => {
    const { subject, text } = describeNotice(closingNotice(), null);
    expect(subject).toContain('2 machines will not be done when window nightly closes');
    expect(text).toContain('It closes Tue 24 Nov, 06:00.');
    expect(text).toContain('db01, forecast Tue 24 Nov, 09:00');
    expect(text).not.toContain('http');
  });

  it('stays small however many machines fail and whatever they are called', () => {
    const names = Array.from({ length: 10_000 }, (_, number) => `vm${number}-${'x'.repeat(5_000)}`);
    const { subject, text, document } = describeNotice(failedNotice(...names), BASE);
    expect(subject).toContain('10000 machines failed');
    expect(text).toContain('and 9950 more');
    expect(JSON.stringify(document).length).toBeLessThan(200_000);
  });

  it('has one line of subject, and as many entries as were given, for any names', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 600 }), { maxLength: 60 }), (names) => {
        const { subject, text, document } = describeNotice(failedNotice(...names), BASE);
        expect(subject).not.toMatch(/[\r\n\u0085\u2028\u2029]/);
        expect(text.match(/^ {2}.*\(VMDK_TRUNCATED\)$/gm) ?? []).toHaveLength(Math.min(names.length, 50));
        expect(JSON.parse(JSON.stringify(document))).toEqual(document);
      }),
      { numRuns: 100 },
    );
  });

  it('is one line where a machine is named', () => {
    const { subject } = describeNotice(stuckNotice('a\nb\u0000\u202ec'), null);
    expect(subject).toBe('[xenferry] shop: a b\ufffd\ufffdc is stuck in convert');
  });
});
