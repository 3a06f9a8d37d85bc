import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** WCAG 2.2, 1.4.3: text; 1.4.11: what controls and charts are recognised by. */
const TEXT = 4.5;
const SHAPE = 3;

const TEXT_PAIRS = [
  ...['ink', 'soft', 'link', 'failed', 'open', 'done', 'active'].flatMap((ink) =>
    ['paper', 'panel', 'raised', 'wash'].map((ground) => [ink, ground] as const),
  ),
  ...['done', 'failed', 'open', 'active', 'quiet'].map((tone) => [tone, `${tone}-wash`] as const),
  ['ink', 'done-wash'],
  ['ink', 'failed-wash'],
  ['on-accent', 'accent'],
  ['on-failed', 'failed'],
  ['paper', 'ink'],
] as const;

const SHAPE_PAIRS = [
  ...['bar-done', 'bar-active', 'bar-failed', 'bar-open'].map((bar) => [bar, 'panel'] as const),
  ...[1, 2, 3, 4, 5, 6].map((number) => [`series-${number}`, 'panel'] as const),
  ...['paper', 'panel', 'raised'].map((ground) => ['edge', ground] as const),
  ['link', 'panel'],
  ['now', 'window'],
] as const;

const css = readFileSync('src/dashboard/style/1-tokens.css', 'utf8');
const light = tokensOf(/:root \{([^}]*)\}/);
const dark = new Map([...light, ...tokensOf(/:root\[data-theme="dark"\] \{([^}]*)\}/)]);

function tokensOf(block: RegExp): Map<string, string> {
  const [, text = ''] = block.exec(css) ?? [];
  return new Map(
    [...text.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name = '', value = '']) => [name, value]),
  );
}

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [dim = 0, bright = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (bright + 0.05) / (dim + 0.05);
}

it('knows the contrast of black on white', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21);
});

it.each([
  ['light', light],
  ['dark', dark],
])('is readable in %s', (_theme, tokens) => {
  const tooWeak = [
    ...TEXT_PAIRS.map(([ink, ground]) => ({ ink, ground, least: TEXT })),
    ...SHAPE_PAIRS.map(([ink, ground]) => ({ ink, ground, least: SHAPE })),
  ]
    .map((pair) => ({ ...pair, has: contrast(tokens.get(pair.ink) ?? '', tokens.get(pair.ground) ?? '') }))
    .filter(({ has, least }) => !(has >= least));
  expect(tooWeak).toEqual([]);
});
