/** A span in which a window is open; instants in milliseconds since 1970. */
export interface Opening {
  readonly begin: number;
  readonly end: number;
}
