import { oneLine } from './bounded.js';
import type { MachineCounts, MachineFailure } from './notice.js';

/** What a notice says. */
export interface Words {
  readonly headline: string;
  readonly lines: readonly string[];
  /** The same for programs. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** `41 done, 2 failed, 7 left`. */
export function countWords({ done, failed, cancelled, left }: MachineCounts): string {
  const words = [`${done} done`, `${failed} failed`];
  if (cancelled > 0) words.push(`${cancelled} cancelled`);
  if (left > 0) words.push(`${left} left`);
  return words.join(', ');
}

export function plainFailure({ machine, code, message, hint }: MachineFailure): MachineFailure {
  return { machine: oneLine(machine), code: oneLine(code), message: oneLine(message), hint: oneLine(hint) };
}

export function failureLines({ machine, code, message, hint }: MachineFailure): string[] {
  return [`  ${machine}: ${message} (${code})`, `    ${hint}`];
}

export function moreLines(more: number): string[] {
  return more === 0 ? [] : [`  and ${more} more`];
}
