import { setTimeout as delay } from 'node:timers/promises';
import { XenferryError } from './errors.js';

/** `work`, or CANCELED as soon as `signal` aborts: for work that cannot be stopped and changes nothing. */
export async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(new XenferryError('CANCELED', 'the work was stopped'));
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Rejects with CANCELED as soon as `signal` aborts. */
export async function pauseFor(milliseconds: number, signal?: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal }).catch(() => {
    throw new XenferryError('CANCELED', 'the work was stopped');
  });
}
