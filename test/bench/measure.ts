import { execFileSync } from 'node:child_process';

/** What one run of a command cost. */
export interface Cost {
  readonly wallSeconds: number;
  /** User and system time of the process and its children. */
  readonly cpuSeconds: number;
  readonly peakMiB: number;
}

/** The kernel's own account of a finished child; Node does not pass it on. */
const WAIT4 = `
import json, os, sys, time
start = time.monotonic()
pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ,
                      file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
_, status, usage = os.wait4(pid, 0)
print(json.dumps([status, time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]))
`;

/** Runs a command to its end; throws when it ends with another code than `good`. */
export function measure(command: readonly string[], good: readonly number[] = [0]): Cost {
  const output = execFileSync('python3', ['-c', WAIT4, ...command], { encoding: 'utf8' });
  const [status, wallSeconds, cpuSeconds, peakMiB] = JSON.parse(output) as [number, number, number, number];
  if (status % 256 !== 0 || !good.includes(status >> 8))
    throw new Error(`${command.join(' ')} ended with status ${status}`);
  return { wallSeconds, cpuSeconds, peakMiB };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
