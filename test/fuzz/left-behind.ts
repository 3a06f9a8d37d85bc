/** A refused conversion that did not clean up, or a finished one whose result is not good. */
export class LeftBehind extends Error {
  override readonly name = 'LeftBehind';
}
