import type { Ref, VbdRecord, VdiRecord, VmRecord } from '../../../xapi/index.js';

/** A disk that is to be in another repository. */
export interface MovingDisk {
  /** Among the machine's disks. */
  readonly index: number;
  readonly attachment: VbdRecord;
  readonly vdi: Ref;
  readonly record: VdiRecord;
  /** Where it goes. */
  readonly sr: Ref;
}

/** A VM and what of it moves. */
export interface Moving {
  readonly vm: Ref;
  readonly record: VmRecord;
  readonly disks: readonly MovingDisk[];
  readonly jobId: string;
  readonly signal: AbortSignal;
}
