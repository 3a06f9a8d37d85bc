import type { JobState } from '../ledger/index.js';
import { XenferryError } from '../model/errors.js';

/** Why a job is stopped: the reason of its signal's abort. Any other abort ends the whole run. */
export type StopCode = 'PAUSED' | 'WITHDRAWN' | 'STEP_STUCK';

export function stopReason(code: StopCode, reason: string): XenferryError {
  return new XenferryError(code, reason);
}

/** Whether a job was stopped so that what it has moved is of use to a later run. */
export function isKept({ aborted, reason }: AbortSignal): boolean {
  return aborted && !hasCode(reason, 'WITHDRAWN');
}

/** As what a job has failed that was stopped; null when it has not. */
export function failureBy({ reason }: AbortSignal): XenferryError | null {
  return reason instanceof XenferryError && reason.code === 'STEP_STUCK' ? reason : null;
}

/** What a job is that was stopped and has not failed. */
export function stateAfter({ reason }: AbortSignal): JobState {
  return hasCode(reason, 'PAUSED') ? 'paused' : 'cancelled';
}

/** Whether all is stopped so that the next run goes on with it: jobs that wait are left as they are. */
export function isInterrupted(signal: AbortSignal): boolean {
  return signal.aborted && hasCode(signal.reason, 'PAUSED');
}

function hasCode(reason: unknown, code: StopCode): boolean {
  return reason instanceof XenferryError && reason.code === code;
}
