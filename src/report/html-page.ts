import { createHash } from 'node:crypto';
import { html, type Markup, verbatim } from '../model/html-markup.js';

export interface PageParts {
  readonly title: string;
  readonly style: string;
  /** Of our own, run once the page is there; null for a page that stands still. */
  readonly script: string | null;
  readonly body: Markup;
}

/** One HTML page that needs nothing else and may run nothing but its own script. */
export function page({ title, style, script, body }: PageParts): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${verbatim(policy(script))}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${verbatim(style)}</style>
</head>
<body>
<main>
${body}
</main>${script === null ? null : html`\n<script>${verbatim(script)}</script>`}
</body>
</html>
`.markup;
}

function policy(script: string | null): string {
  const page = "default-src 'none'; style-src 'unsafe-inline'";
  if (script === null) return page;
  return `${page}; script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`;
}
