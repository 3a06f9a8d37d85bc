import type { DiskProgress } from '../conversion/index.js';
import type { JobState, RecordedError } from '../ledger/index.js';

/** What happens in a batch, for whoever watches. */
export type BatchEvent =
  | {
      readonly kind: 'job';
      readonly name: string;
      readonly state: JobState;
      readonly error: RecordedError | null;
    }
  | {
      readonly kind: 'progress';
      readonly name: string;
      /** Index of the disk in the machine. */
      readonly disk: number;
      readonly progress: DiskProgress;
    };

export type BatchObserver = (event: BatchEvent) => void;
