import type { EventRecord } from '../documents.js';

const LONGEST = 2000;

/** An event as a line of a log: its message where it has one, else its fields. */
export function eventWords({ kind, data }: EventRecord): string {
  const text = messageOf(data);
  return text === null ? kind : `${kind}: ${text}`.slice(0, LONGEST);
}

function messageOf(data: unknown): string | null {
  if (typeof data === 'string') return data === '' ? null : data;
  if (typeof data !== 'object' || data === null) return null;
  if ('message' in data && typeof data.message === 'string') return data.message;
  const fields = Object.entries(data).filter(([, value]) => value !== null && typeof value !== 'object');
  return fields.length === 0 ? null : fields.map(([key, value]) => `${key} ${value}`).join(', ');
}
