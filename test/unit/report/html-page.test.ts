import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { escapeHtml } from '../../../src/model/html-markup.js';
import { shellWord } from '../../../src/report/html-shell.js';
import { STYLE } from '../../../src/report/html-style.js';
import { renderHtml } from '../../../src/report/index.js';
import type { RunReport } from '../../../src/report/run-report.js';
import { FULL } from './sample-report.js';

const tagsOf = (page: string) => page.match(/<[^>]*>/g);

describe('hostile text', () => {
  const KEPT = ['state', 'severity', 'kind', 'firmware'];
  const STEP_NAMES = ['convert', 'verify'];
  const withStrings = (text: string): RunReport =>
    JSON.parse(JSON.stringify(FULL), (key, value) =>
      typeof value === 'string' && !KEPT.includes(key) && !STEP_NAMES.includes(value) ? text : value,
    );

  test.each([
    '<script>alert(1)</script>',
    '" onmouseover="alert(1)',
    "' autofocus '",
    '&lt;script&gt; & &amp;',
    '</style></title></code></pre><img src=x onerror=alert(1)>',
    '<!-- ',
  ])('%s in every field changes no tag', (text) => {
    const page = renderHtml(withStrings(text));
    expect(tagsOf(page)).toEqual(tagsOf(renderHtml(withStrings('plain'))));
    expect(page).toContain(escapeHtml(text));
  });

  test('cannot hide or reorder its surroundings', () => {
    expect(escapeHtml('a\u202eb\u0000c\u001bd\u2066e\nf')).toBe('a\ufffdb\ufffdc\ufffdd\ufffde\nf');
  });

  test.each([
    'web01.xva',
    "web 'front' 01.xva",
    'a"b$(id)`id`.xva',
    '$HOME',
    'a\\b',
    'ü.xva',
    '',
  ])('%s stays one word of a shell', (name) => {
    expect(execFileSync('sh', ['-c', `printf '[%s]' ${shellWord(name)}`]).toString()).toBe(`[${name}]`);
  });
});

describe('the page', () => {
  const page = renderHtml(FULL);

  test('forbids everything but its own style, and refers to nothing outside', () => {
    expect(page).toContain(
      `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    );
    expect(page).not.toMatch(/https?:|url\(|@import|<script|<link|<img|src=/);
  });

  test('has links that lead somewhere, ids that are unique, and no heading level left out', () => {
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, id] of page.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(id);
    const levels = [...page.matchAll(/<h(\d)/g)].map(([, level]) => Number(level));
    expect(levels[0]).toBe(1);
    levels.slice(1).forEach((level, index) => {
      expect(level - (levels[index] ?? 0)).toBeLessThanOrEqual(1);
    });
  });

  test('has a caption for every table and a scope for every heading of one', () => {
    expect(page.match(/<caption>/g)).toHaveLength(page.match(/<table/g)?.length ?? 0);
    for (const [tag] of page.matchAll(/<th .*?>/g)) expect(tag).toMatch(/scope="(row|col)"/);
  });

  test.each(['light', 'dark'])('has readable contrast in the %s', (scheme) => {
    const parts = STYLE.split('@media');
    const colors = new Map(
      [...(parts[scheme === 'light' ? 0 : 1] ?? '').matchAll(/--([\w-]+): (#\w+)/g)].map(
        ([, name = '', hex = '']) => [name, luminance(hex)],
      ),
    );
    const grounds = ['paper', 'panel', 'wash'].flatMap((ground) =>
      ['ink', 'soft', 'link'].map((color) => [color, ground] as const),
    );
    const tones = ['done', 'failed', 'open'].flatMap((tone) => [
      [tone, `${tone}-wash`] as const,
      [tone, 'paper'] as const,
    ]);
    for (const [color, ground] of [...grounds, ...tones]) {
      const [dark = 0, bright = 0] = [colors.get(color) ?? 0, colors.get(ground) ?? 0].sort((a, b) => a - b);
      expect((bright + 0.05) / (dark + 0.05), `${color} on ${ground}`).toBeGreaterThanOrEqual(4.5);
    }
  });
});

/** Relative luminance as WCAG 2 defines it. */
function luminance(hex: string): number {
  const digits = hex.length === 4 ? hex.replace(/\w/g, '$&$&') : hex;
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(digits.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
