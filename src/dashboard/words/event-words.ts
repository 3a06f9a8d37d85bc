import { type EventRecord, JOB_STATES } from '../documents.js';
import { stateWord, stepWord } from './states.js';

const LONGEST = 2000;

/** An event as a line of a log. What a newer service tells of is shown with its fields. */
export function eventWords({ kind, data }: EventRecord): string {
  const fields =
    typeof data === 'object' && data !== null ? new Map<string, unknown>(Object.entries(data)) : null;
  const field = (name: string): string | null => {
    const value = fields?.get(name);
    return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
  };
  return (sentence(kind, field) ?? plainly(kind, data, fields)).slice(0, LONGEST);
}

function sentence(kind: string, field: (name: string) => string | null): string | null {
  if (field('message') !== null) return field('message');
  if (kind === 'job') return jobSentence(field);
  if (kind === 'stuck') return `Makes no progress: ${stepWord(field('step') ?? 'its step').toLowerCase()}`;
  if (kind === 'order' || kind === 'obeyed')
    return `${kind === 'order' ? 'Ordered' : 'Obeyed'}: ${field('verb') ?? '?'} ${field('scope') ?? ''}, by ${field('by') ?? 'nobody known'}`;
  return kind === 'trouble' ? `Trouble: ${field('reason') ?? 'no reason is known'}` : null;
}

function jobSentence(field: (name: string) => string | null): string | null {
  const back = field('rollback');
  if (back !== null) return stateWord(back === 'done' ? 'rolledBack' : 'rollingBack').text;
  const state = JOB_STATES.find((each) => each === field('state'));
  if (state === undefined) return null;
  const worker = field('worker') === null ? '' : ` on ${field('worker')}`;
  const code = field('code') === null ? '' : `: ${field('code')}`;
  return `${stateWord(state).text}${worker}${code}`;
}

function plainly(kind: string, data: unknown, fields: ReadonlyMap<string, unknown> | null): string {
  if (fields === null) return typeof data === 'string' && data !== '' ? `${kind}: ${data}` : kind;
  const told = [...fields].filter(([, value]) => value !== null && typeof value !== 'object');
  return told.length === 0 ? kind : `${kind}: ${told.map(([key, value]) => `${key} ${value}`).join(', ')}`;
}
