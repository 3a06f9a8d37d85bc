import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { z } from 'zod';

/** The command line as `npm run build` and the tests' global set-up compile it. */
const MAIN = fileURLToPath(new URL('../../dist/xenferry.js', import.meta.url));
const PEAK_MEMORY = fileURLToPath(new URL('../oracles/peak_memory.py', import.meta.url));
/** No command of a test may take longer, however broken its input. */
const LIMITS = { reject: false, timeout: 90_000, killSignal: 'SIGKILL' } as const;

export interface CliResult {
  /** Undefined when the process was killed. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts `xenferry ARGS` without waiting for its end; a failure is a result, not an exception. */
export function startCli(args: readonly string[], cwd?: string) {
  return start(process.execPath, [MAIN, ...args], cwd);
}

/** Starts `xenferry ARGS` with more in its environment. */
export function startCliWith(
  env: Readonly<Record<string, string>>,
  args: readonly string[],
  limitMilliseconds: number = LIMITS.timeout,
) {
  return execa(process.execPath, [MAIN, ...args], { ...LIMITS, timeout: limitMilliseconds, env });
}

/** Starts `xenferry ARGS` with a standard output that nobody reads. */
export function startUnread(args: readonly string[]) {
  return execa(process.execPath, [MAIN, ...args], { ...LIMITS, buffer: { stdout: false } });
}

/** Runs `xenferry ARGS` as a user would. */
export async function runCli(args: readonly string[], cwd?: string): Promise<CliResult> {
  const { exitCode, stdout, stderr } = await startCli(args, cwd);
  return { exitCode, stdout, stderr };
}

/** Runs `xenferry ARGS | cat > FILE`. */
export async function runCliInto(file: string, args: readonly string[]): Promise<CliResult> {
  const { exitCode, stderr } = await execa(process.execPath, [MAIN, ...args], {
    ...LIMITS,
    stdout: { file },
    buffer: { stdout: false },
  });
  return { exitCode, stdout: '', stderr };
}

/** Runs `xenferry ARGS` and tells the most memory it ever held. */
export async function runMeasured(
  args: readonly string[],
  limitMilliseconds: number = LIMITS.timeout,
): Promise<CliResult & { readonly peakMemoryBytes: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'xenferry-peak-'));
  try {
    const file = join(folder, 'bytes');
    const command = [PEAK_MEMORY, file, process.execPath, MAIN, ...args];
    const { exitCode, stdout, stderr } = await start('python3', command, undefined, limitMilliseconds);
    return { exitCode, stdout, stderr, peakMemoryBytes: Number(await readFile(file, 'ascii')) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The JSON document that `xenferry ARGS --json` prints, whatever the exit code. */
export async function runJson<T>(args: readonly string[], schema: z.ZodType<T>): Promise<T> {
  const { stdout } = await runCli([...args, '--json']);
  return schema.parse(JSON.parse(stdout));
}

function start(command: string, args: readonly string[], cwd?: string, timeout: number = LIMITS.timeout) {
  return execa(command, args, {
    ...LIMITS,
    timeout,
    ...(cwd === undefined ? {} : { cwd }),
  });
}
