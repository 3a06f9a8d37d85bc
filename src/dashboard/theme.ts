const KEY = 'xenferry-theme';

/** What the operator chose; `system` follows the device. */
export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const DARK = matchMedia('(prefers-color-scheme: dark)');

export function chosenTheme(): Theme {
  const kept = localStorage.getItem(KEY);
  return THEMES.find((theme) => theme === kept) ?? 'system';
}

export function chooseTheme(theme: Theme): void {
  localStorage.setItem(KEY, theme);
  show();
}

/** Colours the page, now and whenever the device changes its mind. */
export function followTheme(): void {
  DARK.addEventListener('change', show);
  show();
}

function show(): void {
  const theme = chosenTheme();
  const dark = theme === 'dark' || (theme === 'system' && DARK.matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
}
