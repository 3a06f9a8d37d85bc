import { html, nothing, type TemplateResult } from 'lit';
import { SOURCE_CHANGE_WORDS } from '../../model/source-change-words.js';
import type { SourceChange } from '../documents.js';
import { sourceChangeWord } from '../words/states.js';
import { badge, time } from './elements.js';

/** What was done to a machine where it came from, what has become of that, and what is to be done there yet. */
export function sourceChanges(
  changes: readonly SourceChange[],
  now: number,
): TemplateResult | typeof nothing {
  if (changes.length === 0) return nothing;
  return html`<section><h2>Changes at the source</h2><ol class="step-list">
    ${changes.map((change) => {
      const { kind, begunAt, madeAt, undoneAt } = change;
      const made = madeAt ?? begunAt;
      return html`<li>${badge(sourceChangeWord(change.state))}<b>${capital(SOURCE_CHANGE_WORDS[kind] ?? kind)}</b>
        <span class="soft">${made === null ? nothing : html`${madeAt === null ? 'perhaps, ' : ''}${time(made, now)}`}${undoneAt === null ? nothing : html`, taken back ${time(undoneAt, now)}`}</span></li>`;
    })}
  </ol></section>`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
