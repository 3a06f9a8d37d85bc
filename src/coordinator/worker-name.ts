import { hostname } from 'node:os';

/** What a process is called that runs jobs, where nobody gave it a name: no two that live have the same. */
export function workerName(): string {
  return `${hostname()}-${process.pid}`;
}
