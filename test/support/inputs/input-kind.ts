/** The disk that every kind of input holds. */
export interface Guest {
  readonly raw: string;
  readonly content: Buffer;
  /** An earlier state, of which a snapshot was taken. */
  readonly beforeRaw: string;
  readonly before: Buffer;
}

/** A way for a disk to come to us. */
export interface InputKind {
  readonly title: string;
  /** Writes the disk into an empty folder and tells what a user would name. */
  readonly make: (folder: string, guest: Guest) => Promise<string>;
  /** Puts what was made on a server, until the test ends; its address. */
  readonly serve?: (made: string) => Promise<string>;
  /** Formats that know whole units only round the capacity up to these. */
  readonly capacityUnit?: number;
}
