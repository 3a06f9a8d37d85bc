import { html, type Markup } from '../model/html-markup.js';
import { SOURCE_CHANGE_WORDS } from '../model/source-change-words.js';
import { table } from './html-elements.js';
import type { SourceChangeReport } from './run-report.js';
import { sourceChangeState } from './source-change-state.js';

const COLUMNS = [{ title: 'At the source' }, { title: 'When (UTC)' }, { title: 'Since then' }];

/** What was done to a machine where it came from, and what has become of it; null for nothing. */
export function sourceChanges(changes: readonly SourceChangeReport[]): Markup | null {
  if (changes.length === 0) return null;
  const rows = changes.map((change) => [
    `${SOURCE_CHANGE_WORDS[change.kind]}${change.madeAt === null ? ', perhaps' : ''}`,
    clock(change.madeAt ?? change.begunAt),
    sinceThen(change),
  ]);
  return html`<h4>Changes at the source</h4>
<div class="narrow">${table('What was done to the machine at its source', COLUMNS, rows)}</div>`;
}

function sinceThen(change: SourceChangeReport): string {
  const { undoneAt } = change;
  if (undoneAt !== null) return `undone ${clock(undoneAt)}`;
  return sourceChangeState(change) === 'kept' ? 'stays so' : 'still to be undone: run xenferry cleanup';
}

function clock(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ');
}
