import type { DiskProgress } from '../conversion/index.js';
import type { JobState, RecordedError, StepName } from '../ledger/index.js';

/** What happens in a batch, for whoever watches. */
export type BatchEvent =
  | {
      readonly kind: 'job';
      /** In the ledger. */
      readonly jobId: number;
      readonly name: string;
      readonly state: JobState;
      readonly error: RecordedError | null;
    }
  | {
      readonly kind: 'progress';
      /** In the ledger. */
      readonly jobId: number;
      readonly name: string;
      /** Index of the disk in the machine. */
      readonly disk: number;
      readonly progress: DiskProgress;
    }
  | {
      /** A disk goes through a host of the target from now on. */
      readonly kind: 'host';
      /** In the ledger. */
      readonly jobId: number;
      readonly disk: number;
      /** Its name. */
      readonly host: string;
    }
  | {
      /** A job comes on where no progress is known, or waits for its turn; told about once a second. */
      readonly kind: 'sign';
      /** In the ledger. */
      readonly jobId: number;
    }
  | {
      /** Nothing runs, and this is why. */
      readonly kind: 'waiting';
      readonly reason: string;
      readonly machines: number;
    }
  | {
      /** A machine whose step does not come on. */
      readonly kind: 'stuck';
      readonly name: string;
      readonly step: StepName;
      readonly seconds: number;
    };

export type BatchObserver = (event: BatchEvent) => void;
