import { type SerializedError, serializeError } from '../model/errors.js';

/** What crosses the thread boundary: errors lose their class and fields there, so they travel as data. */
export type TaskResult<Output> =
  | { readonly ok: true; readonly value: Output }
  | { readonly ok: false; readonly error: SerializedError };

/** Makes a thread's entry point of a function: every thread file default-exports one. */
export function threadEntry<Input, Output>(
  task: (input: Input) => Promise<Output>,
): (input: Input) => Promise<TaskResult<Output>> {
  return async (input) => {
    try {
      return { ok: true, value: await task(input) };
    } catch (error) {
      return { ok: false, error: serializeError(error) };
    }
  };
}
