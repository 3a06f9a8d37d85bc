import { EXIT } from './exit-codes.js';
import { note } from './output.js';

/**
 * Runs `work` with a signal that Ctrl-C or SIGTERM aborts: blocks in flight are finished and noted.
 * A second one ends the process at once; what is in the journal is safe all the same.
 */
export async function interruptible<T>(
  work: (signal: AbortSignal) => Promise<T>,
  tell: (line: string) => void = note,
): Promise<T> {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(EXIT.cancelled);
    tell('stopping: blocks in flight are finished (once more to stop at once)');
    controller.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  try {
    return await work(controller.signal);
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}
