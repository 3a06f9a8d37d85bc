import type { GuestOutcome } from '../coordinator/index.js';
import { html, type Markup } from '../model/html-markup.js';
import { code, count, stacked, table } from './html-elements.js';

type Mended = Extract<GuestOutcome, { kind: 'mended' }>['record'];
type Fixup = Mended['fixups'][number];

/** What was changed inside a guest, by fixup and by file; null when nobody looked at it. */
export function guestChanges(guest: GuestOutcome | null): Markup | null {
  if (guest === null || guest.kind === 'none') return null;
  if (guest.kind === 'left') {
    const { message, code: id, hint } = guest.reason;
    return html`<h4>The guest was left as it is</h4>
<p class="message">${message} (${code(id)}). ${hint}</p>`;
  }
  const { system, fixups, edits, problems } = guest.record;
  const registry = fixups.flatMap((fixup) => fixup.registry);
  return html`<h4>Changes inside ${system.title}</h4>
<ul>
${fixups.filter(saysAnything).map(fixupItem)}${problems.map((problem) => html`<li>${problem}</li>\n`)}</ul>
${edits.length === 0 ? null : html`<p>${count(edits.length, 'file')} changed: ${fileList(edits)}</p>`}
${registry.length === 0 ? null : registryList(registry)}`;
}

function saysAnything({ done, atFirstBoot, warnings }: Fixup): boolean {
  return done.length + atFirstBoot.length + warnings.length > 0;
}

function fixupItem({ title, done, atFirstBoot, warnings }: Fixup): Markup {
  return html`<li>${title}
<ul>
${done.map((line) => html`<li>${line}</li>\n`)}${atFirstBoot.map(
  (line) => html`<li>At the first start: ${line}</li>\n`,
)}${warnings.map((line) => html`<li><strong>To look at:</strong> ${line}</li>\n`)}</ul>
</li>
`;
}

function registryList(changes: Fixup['registry']): Markup {
  const rows = changes.map(({ key, value, before, after }) => [
    stacked(code(key), value === null ? null : value || '(default)'),
    before ?? 'nothing',
    after ?? 'removed',
  ]);
  const columns = [{ title: 'Key and value' }, { title: 'Before' }, { title: 'After' }];
  return html`<p>${count(changes.length, 'change')} of the registry:</p>
${table('Changes of the registry', columns, rows)}`;
}

function fileList(edits: Mended['edits']): Markup[] {
  return edits.map(({ path }, index) => html`${index === 0 ? '' : ', '}${code(path)}`);
}
