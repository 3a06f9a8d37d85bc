import type { ErrorCode } from './errors.js';
import type { VirtualMachine } from './virtual-machine.js';

export type Severity = 'critical' | 'warning' | 'information';

/** A finding while reading a source. A critical one keeps its machine (or the whole descriptor) from being converted. */
export interface Problem {
  readonly severity: Severity;
  readonly code: ErrorCode;
  /** One sentence, without the file name. */
  readonly message: string;
  /** What the operator does next. */
  readonly hint: string;
  /** Descriptor or disk file, relative to the source folder. */
  readonly file: string;
  /** Line in that file, from 1; null where lines make no sense. */
  readonly line: number | null;
  /** The machine's id; null when the finding is about the whole descriptor. */
  readonly machineId: string | null;
}

export interface Inventory {
  readonly machines: readonly VirtualMachine[];
  readonly problems: readonly Problem[];
}
