import type { ErrorCode } from './errors.js';
import type { Problem, Severity } from './inventory.js';
import type { VirtualMachine } from './virtual-machine.js';

/** A finding about a machine or the whole plan, with what to do about it. */
export interface Concern {
  readonly id: ErrorCode;
  readonly severity: Severity;
  /** One sentence: the evidence. */
  readonly message: string;
  readonly remedy: string;
}

/** The guest profile a machine gets. */
export interface PlannedProfile {
  readonly id: string;
  readonly title: string;
  /** What the operator must know about such guests, one sentence each. */
  readonly limits: readonly string[];
}

/** What will be done to one machine. */
export interface PlannedMachine {
  readonly machine: VirtualMachine;
  /** Of its guest family. */
  readonly profile: PlannedProfile;
  /** Name of the file it becomes, in the target folder. */
  readonly output: string;
  /** Guest data to move, by the disks' own metadata; zeros among it are dropped later. */
  readonly dataBytes: number;
  /** The part of `dataBytes` that cannot turn out to be zeros. */
  readonly certainBytes: number;
  readonly concerns: readonly Concern[];
}

/** Everything a run will do, before anything happens. */
export interface Plan {
  /** Absolute paths. */
  readonly sources: readonly string[];
  /** Absolute path of the folder of XVAs. */
  readonly target: string;
  readonly machines: readonly PlannedMachine[];
  /** Descriptors that could not be read at all; each counts as a failed machine. */
  readonly unreadable: readonly Problem[];
  /** About the plan as a whole. A critical one blocks it. */
  readonly concerns: readonly Concern[];
}

export function isCritical(finding: { readonly severity: Severity }): boolean {
  return finding.severity === 'critical';
}
