/** Between two looks at what threads have told, in milliseconds. */
const LOOK_MILLISECONDS = 1_000;

/** For a thread: its work has begun, comes on, or waits for its turn. `signs`: as `withSigns` gives them. */
export function giveSign(signs: Int32Array | undefined): void {
  if (signs !== undefined) Atomics.add(signs, 0, 1);
}

/**
 * Runs `use` with a word of shared memory for `giveSign`. About once a second `onSign` is called when there was a sign, or
 * none yet: then the work waits for a thread.
 */
export async function withSigns<T>(onSign: () => void, use: (signs: Int32Array) => Promise<T>): Promise<T> {
  const signs = new Int32Array(new SharedArrayBuffer(4));
  let seen = 0;
  const timer = setInterval(() => {
    const given = Atomics.load(signs, 0);
    if (given === 0 || given !== seen) onSign();
    seen = given;
  }, LOOK_MILLISECONDS);
  try {
    return await use(signs);
  } finally {
    clearInterval(timer);
  }
}
