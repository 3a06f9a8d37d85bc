/** A kernel as a boot loader starts it; paths as the loader has them. */
export interface BootEntry {
  readonly title: string;
  /** What `default` and `saved_entry` may call it beside its number and title. */
  readonly id: string;
  readonly kernel: string;
  readonly initrds: readonly string[];
}
