import { harmless } from '../model/harmless.js';

/** A batch of thousands of machines that all fail makes no message of megabytes. */
const SHOWN = 50;
const MAX_TEXT = 400;

/** The first of a list, and how many more there are. */
export interface Bounded<T> {
  readonly shown: readonly T[];
  readonly more: number;
}

export function bounded<T>(all: readonly T[]): Bounded<T> {
  return { shown: all.slice(0, SHOWN), more: Math.max(0, all.length - SHOWN) };
}

/** Text from elsewhere as one line that cannot pose as another or as a header. */
export function oneLine(text: string): string {
  const line = harmless(text.slice(0, MAX_TEXT + 1)).replaceAll(/\s+/g, ' ');
  return line.length > MAX_TEXT ? `${line.slice(0, MAX_TEXT)}…` : line;
}
