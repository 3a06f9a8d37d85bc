import type { RegistryChange } from '../registry/registry-change.js';
import type { FixupOutcome } from './fixup.js';

/** An outcome in the making. */
export interface Notes extends FixupOutcome {
  readonly done: string[];
  readonly atFirstBoot: string[];
  readonly warnings: string[];
  readonly registry: RegistryChange[];
}

export function emptyNotes(): Notes {
  return { done: [], atFirstBoot: [], warnings: [], registry: [] };
}

const LONGEST_SHOWN = 120;

/** A name from the guest as it may stand in a sentence: without control characters and not endless. */
export function shown(name: string): string {
  const clean = name.replace(/[^\x20-\x7e]/g, '?');
  return clean.length > LONGEST_SHOWN ? `${clean.slice(0, LONGEST_SHOWN)}...` : clean;
}
