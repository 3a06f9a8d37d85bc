import { harmless } from './harmless.js';

/** Text that is HTML already. Only `html` and `verbatim` make it, so that nothing gets in unescaped by accident. */
export interface Markup {
  readonly markup: string;
}

/** What may stand in a template; null is nothing. */
export type Content = string | number | null | Markup | readonly Content[];

/** Template tag: the literal parts are HTML, the values are escaped unless they are `Markup`. */
export function html(literals: TemplateStringsArray, ...values: readonly Content[]): Markup {
  const parts = literals.map((literal, index) => literal + render(values[index] ?? null));
  return { markup: parts.join('') };
}

/** Text of our own that must not be escaped, such as a style sheet. Never for anything from the data. */
export function verbatim(text: string): Markup {
  return { markup: text };
}

function render(content: Content): string {
  if (content === null) return '';
  if (typeof content === 'number') return String(content);
  if (typeof content === 'string') return escapeHtml(content);
  return 'markup' in content ? content.markup : content.map(render).join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** What is invisible or reorders its surroundings goes as well: see `harmless`. */
export function escapeHtml(text: string): string {
  return harmless(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
