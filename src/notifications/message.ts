import { oneLine } from './bounded.js';
import type { MessageKind, Notice, Trial } from './notice.js';
import { summaryParts } from './summary.js';
import { summaryHtml } from './summary-html.js';
import { noticeWords } from './words.js';

/** A notice in words. */
export interface Message {
  readonly kind: MessageKind;
  readonly subject: string;
  readonly text: string;
  /** A whole page; of the summary only. */
  readonly html: string | null;
  /** For programs: docs/notifications.md. */
  readonly document: Readonly<Record<string, unknown>>;
}

/**
 * A notice in words, each of bounded size. `baseUrl` is the address under which people reach the service, with which
 * the message links to the batch's page; null for no link. Throws RangeError for a time zone that there is not.
 */
export function describeNotice(notice: Notice | Trial, baseUrl: string | null): Message {
  const { kind, at, page, timeZone } = notice;
  const batch = oneLine(notice.batch);
  const { headline, lines, details } = noticeWords(notice);
  const url = baseUrl === null || page === null ? null : new URL(page, baseUrl.replace(/\/*$/, '/')).href;
  const subject = `[xenferry] ${batch}: ${headline}`;
  const text = [`${batch}: ${headline}`, '', ...lines, ...(url === null ? [] : ['', url]), ''].join('\n');
  const html =
    notice.kind === 'summary' ? summaryHtml(batch, summaryParts(notice.night, timeZone), url) : null;
  return { kind, subject, text, html, document: { event: kind, batch, at, subject, text, url, details } };
}
