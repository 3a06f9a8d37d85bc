import { expect } from 'vitest';

export interface ExpectedError {
  readonly code: string;
  /** What tells where: the machine, the file. */
  readonly names: readonly string[];
}

/** Fails unless a line tells the error with its code and file, and a line with the remedy follows. */
export function expectErrorLines(stderr: string, { code, names }: ExpectedError): void {
  const lines = stderr.split('\n');
  const at = lines.findIndex(
    (line) => line.includes(`(${code})`) && names.every((name) => line.includes(name)),
  );
  expect(at, `a line with ${names.join(', ')} and (${code}) in:\n${stderr}`).toBeGreaterThanOrEqual(0);
  expect(lines[at + 1]).toMatch(/^\s*hint: ./);
}

/** Fails when the output shows where in our code something was thrown. */
export function expectNoStack(output: string): void {
  expect(output).not.toMatch(/^\s+at .*(:\d+:\d+|<anonymous>)/m);
}
