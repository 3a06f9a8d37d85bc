import type { SourceChangeReport } from './run-report.js';

/** What has become of a change at the source. */
export function sourceChangeState({ undoneAt, kept }: SourceChangeReport): 'undone' | 'kept' | 'stands' {
  if (undoneAt !== null) return 'undone';
  return kept ? 'kept' : 'stands';
}
