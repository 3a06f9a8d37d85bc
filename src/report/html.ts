import { details } from './html-details.js';
import { failures } from './html-failures.js';
import { header } from './html-header.js';
import { machines } from './html-machines.js';
import { html, verbatim } from './html-markup.js';
import { nextSteps } from './html-next.js';
import { STYLE } from './html-style.js';
import { verdict } from './html-words.js';
import type { RunReport } from './run-report.js';

/** The whole report as one HTML page that needs nothing else. */
export function renderHtml(report: RunReport): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>Xenferry report: ${verdict(report.totals).text}</title>
<style>${verbatim(STYLE)}</style>
</head>
<body>
<main>
${header(report)}
${machines(report)}
${failures(report)}
${details(report)}
${nextSteps(report)}
</main>
</body>
</html>
`.markup;
}
