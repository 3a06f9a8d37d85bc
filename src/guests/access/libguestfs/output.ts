/** What a process has said since it was last asked; grows to a bound and costs the same whatever the pieces are. */
export class Output {
  readonly #maxBytes: number;
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** The last bytes, enough for a mark. */
  #tail: Buffer = Buffer.alloc(0);

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** False when it is too much. */
  add(piece: Buffer): boolean {
    this.#bytes += piece.length;
    if (this.#bytes > this.#maxBytes) return false;
    this.#pieces.push(piece);
    this.#tail = Buffer.concat([this.#tail, piece.subarray(-TAIL)]).subarray(-TAIL);
    return true;
  }

  /** `end` has up to 128 bytes. */
  endsWith(end: string): boolean {
    return this.#tail.subarray(-Buffer.byteLength(end)).toString() === end;
  }

  /** Everything so far; it begins anew then. */
  take(): Buffer {
    const all = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#bytes = 0;
    this.#tail = Buffer.alloc(0);
    return all;
  }
}

const TAIL = 128;
