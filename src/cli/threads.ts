import { availableParallelism } from 'node:os';
import { XenferryError } from '../model/errors.js';

const MAX_THREADS = 128;

/** What `--workers` or `--parallel` asked for; one per processor without it. Throws CONFIG_INVALID. */
export function countOption(name: string, value: number | undefined): number {
  if (value === undefined) return availableParallelism();
  if (Number.isInteger(value) && value >= 1 && value <= MAX_THREADS) return value;
  throw new XenferryError('CONFIG_INVALID', `--${name} takes a whole number from 1 to ${MAX_THREADS}`);
}
