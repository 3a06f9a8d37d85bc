import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { expectNoStack } from './error-lines.js';

interface RunningCommand extends PromiseLike<{ readonly exitCode?: number; readonly stderr: string }> {
  readonly exitCode: number | null;
  kill(signal: 'SIGINT'): boolean;
}

/** The promise is a second; a machine that is busy with other tests gets some more. */
const LIMIT_MILLISECONDS = 3_000;

/** Sends SIGINT; fails unless the command ends soon, with the code for it and in words. */
export async function expectEndsAtSigint(run: RunningCommand): Promise<void> {
  const sentAt = performance.now();
  expect(run.kill('SIGINT'), 'still runs').toBe(true);
  const { exitCode, stderr } = await run;
  expect(performance.now() - sentAt).toBeLessThan(LIMIT_MILLISECONDS);
  expect(exitCode, stderr).toBe(130);
  expectNoStack(stderr);
}

/** Resolves when `holds` does; fails when the command ends before. */
export async function whenStarted(
  run: RunningCommand,
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  while (!(await holds())) {
    if (run.exitCode !== null) expect((await run).stderr, 'the command has ended').toBe(undefined);
    await delay(5);
  }
}

/** Whether a file has at least so many bytes. */
export async function hasBytes(path: string, bytes: number): Promise<boolean> {
  return await stat(path).then(
    ({ size }) => size >= bytes,
    () => false,
  );
}
