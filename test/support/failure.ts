import { XenferryError } from '../../src/model/errors.js';

/** The error of ours that an action rejects with; it fails when there is none, or another one. */
export async function failureOf(action: Promise<unknown>): Promise<XenferryError> {
  const outcome = await action.then(
    () => new Error('it should have failed'),
    (error: unknown) => error,
  );
  if (outcome instanceof XenferryError) return outcome;
  throw outcome;
}
