/** Runs `use` with a word of shared memory that becomes 1 when `signal` aborts: threads cannot see signals. */
export async function withCancelFlag<T>(
  signal: AbortSignal | undefined,
  use: (canceled: Int32Array) => Promise<T>,
): Promise<T> {
  const canceled = new Int32Array(new SharedArrayBuffer(4));
  const cancel = () => Atomics.store(canceled, 0, 1);
  signal?.addEventListener('abort', cancel);
  if (signal?.aborted === true) cancel();
  try {
    return await use(canceled);
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}
