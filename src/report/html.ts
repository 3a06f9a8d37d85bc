import { html } from '../model/html-markup.js';
import { details } from './html-details.js';
import { failures } from './html-failures.js';
import { header } from './html-header.js';
import { machines } from './html-machines.js';
import { nextSteps } from './html-next.js';
import { page } from './html-page.js';
import { STYLE } from './html-style.js';
import { verdict } from './html-words.js';
import type { RunReport } from './run-report.js';

/** The whole report as one HTML page that needs nothing else. */
export function renderHtml(report: RunReport): string {
  return page({
    title: `Xenferry report: ${verdict(report.totals).text}`,
    style: STYLE,
    script: null,
    body: html`${header(report)}
${machines(report)}
${failures(report)}
${details(report)}
${nextSteps(report)}`,
  });
}
