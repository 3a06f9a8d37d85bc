import type { Concern, JobState, JobSummary, SourceChange, Stage } from '../documents.js';

/** How something is coloured; words and shapes always say it as well. */
export type Tone = 'done' | 'failed' | 'open' | 'active' | 'quiet';

export interface Spoken {
  readonly text: string;
  readonly tone: Tone;
}

const STATES: Readonly<Record<JobState, Spoken>> = {
  planned: { text: 'Waiting', tone: 'quiet' },
  fixing: { text: 'Fixing', tone: 'active' },
  converting: { text: 'Converting', tone: 'active' },
  verifying: { text: 'Verifying', tone: 'active' },
  finishing: { text: 'Finishing', tone: 'active' },
  paused: { text: 'Paused', tone: 'open' },
  done: { text: 'Done', tone: 'done' },
  failed: { text: 'Failed', tone: 'failed' },
  cancelled: { text: 'Cancelled', tone: 'open' },
  rollingBack: { text: 'Rolling back', tone: 'open' },
  rolledBack: { text: 'Rolled back', tone: 'open' },
};

const STAGES: Readonly<Record<Stage, Spoken>> = {
  draft: { text: 'Draft', tone: 'quiet' },
  queued: { text: 'Queued', tone: 'quiet' },
  running: { text: 'Running', tone: 'active' },
  ended: { text: 'Ended', tone: 'quiet' },
};

const SOURCE_CHANGES: Readonly<Record<SourceChange['state'], Spoken>> = {
  planned: { text: 'Planned', tone: 'quiet' },
  stands: { text: 'Still stands', tone: 'open' },
  undone: { text: 'Taken back', tone: 'done' },
  kept: { text: 'Stays', tone: 'done' },
};

const SEVERITIES: Readonly<Record<Concern['severity'], Spoken>> = {
  critical: { text: 'Critical', tone: 'failed' },
  warning: { text: 'Warning', tone: 'open' },
  information: { text: 'Note', tone: 'quiet' },
};

/** A state that a newer service tells of keeps its own word. */
export function stateWord(state: JobState): Spoken {
  return STATES[state] ?? { text: state, tone: 'quiet' };
}

export function stageWord(stage: Stage): Spoken {
  return STAGES[stage] ?? { text: stage, tone: 'quiet' };
}

export function severityWord(severity: Concern['severity']): Spoken {
  return SEVERITIES[severity] ?? { text: severity, tone: 'quiet' };
}

/** What has become of a change at the source. */
export function sourceChangeWord(state: SourceChange['state']): Spoken {
  return SOURCE_CHANGES[state] ?? { text: state, tone: 'quiet' };
}

export function isRunning(state: JobState): boolean {
  return stateWord(state).tone === 'active';
}

/** What a job's row says below its state: why it waits, where it got stuck, why it failed; null when nothing. */
export function reasonOf({ error, stuckSince, hold, onHold, fits, state }: JobSummary): Spoken | null {
  if (state === 'failed' && error !== null) return { text: error.message, tone: 'failed' };
  if (stuckSince !== null) return { text: 'Makes no progress', tone: 'failed' };
  if (hold !== null) return { text: hold.reason, tone: hold.kind === 'trouble' ? 'failed' : 'quiet' };
  if (onHold) return { text: 'Paused by the operator', tone: 'open' };
  if (fits === false) return { text: 'Will not end before the window does', tone: 'open' };
  return null;
}

const STEPS: Readonly<Record<string, string>> = {
  fix: 'Fix the guest',
  convert: 'Convert',
  verify: 'Verify',
  move: 'Move',
  snapshot: 'Snapshot',
  start: 'Start',
};

export function stepWord(step: string): string {
  return STEPS[step] ?? step;
}
