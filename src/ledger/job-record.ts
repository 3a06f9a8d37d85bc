import type { Selectable } from 'kysely';
import type { SerializedError } from '../model/errors.js';
import type { JobState, LedgerSchema } from './schema.js';

/** What was written down about an error; the stack stays out of it. */
export type RecordedError = Omit<SerializedError, 'stack'>;

export interface JobRecord {
  readonly id: number;
  readonly machineId: string;
  /** At the target, with its wave; null for a job from before. */
  readonly name: string | null;
  readonly wave: string | null;
  readonly state: JobState;
  readonly planned: string;
  readonly error: RecordedError | null;
  readonly outputBytes: number | null;
  /** Whether its guest is to be mended anew, where the machine is. */
  readonly refix: boolean;
  /** UUID of the VM that the machine became in a pool. */
  readonly landed: string | null;
  /** What the machine lost on its way, one sentence each. */
  readonly notes: readonly string[];
  /** Milliseconds since 1970: when its last run ended; null for one that has not. */
  readonly endedAt: number | null;
  /** Whether the machine was taken back to its source; `begun`: how far that is, is not known. */
  readonly rollback: Rollback | null;
  /** Milliseconds since 1970: when the source had it again; null for one that was not taken back. */
  readonly rolledBackAt: number | null;
}

export type Rollback = 'begun' | 'done';

export function jobRecordOf(row: Selectable<LedgerSchema['jobs']>): JobRecord {
  return {
    id: row.id,
    machineId: row.machine_id,
    name: row.name ?? null,
    wave: row.wave ?? null,
    state: row.state,
    planned: row.planned,
    error: row.error === null ? null : (JSON.parse(row.error) as RecordedError),
    outputBytes: row.output_bytes,
    // A ledger that is only read may be from before.
    refix: (row.refix ?? 0) !== 0,
    landed: row.landed ?? null,
    notes: row.notes == null ? [] : (JSON.parse(row.notes) as string[]),
    endedAt: row.ended_at ?? null,
    rollback: rollbackOf(row),
    rolledBackAt: row.rolled_back_at ?? null,
  };
}

/** A ledger that is only read may be from before there were any. */
export function rollbackOf({
  rollback_begun_at,
  rolled_back_at,
}: Pick<Selectable<LedgerSchema['jobs']>, 'rollback_begun_at' | 'rolled_back_at'>): Rollback | null {
  if (rolled_back_at != null) return 'done';
  return rollback_begun_at == null ? null : 'begun';
}
