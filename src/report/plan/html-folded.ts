import { type Content, html, type Markup } from '../../model/html-markup.js';

/** A part of a text to unfold, on paper too where the page is not `sparse`. */
export function folded(summary: string, content: Content): Markup {
  return html`<details class="fold"><summary>${summary}</summary><div>${content}</div></details>`;
}
