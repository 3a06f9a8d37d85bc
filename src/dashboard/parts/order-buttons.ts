import { html, type TemplateResult } from 'lit';
import type { OrderVerb } from '../documents.js';
import { verbWord } from '../words/order-words.js';

/** A button for each order that can be given. `about`: for a screen reader. */
export function orderButtons(
  verbs: readonly OrderVerb[],
  about: string,
  give: (verb: OrderVerb) => void,
): TemplateResult {
  return html`<div class="buttons">
    ${verbs.map(
      (verb) => html`<button class=${verb === 'cancel' ? 'grave-quiet' : ''} @click=${() => give(verb)}>
        ${verb === 'retry' && about !== '' ? 'Retry failed' : verbWord(verb)}<span class="hidden"> ${about}</span></button>`,
    )}
  </div>`;
}
