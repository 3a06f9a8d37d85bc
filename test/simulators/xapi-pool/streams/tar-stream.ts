import { type Body, EndOfStream } from './body.js';

const RECORD = 512;

export interface TarMember {
  readonly name: string;
  readonly size: number;
}

function text(header: Buffer, at: number, length: number): string {
  return header.toString('latin1', at, at + length).replace(/\0[\s\S]*$/, '');
}

/** Reads an archive member by member, forward only. */
export class TarStream {
  private readonly body: Body;
  private padding = 0;

  constructor(body: Body) {
    this.body = body;
  }

  /** The next file; undefined at the archive's end. Throws for what is no archive. */
  async next(): Promise<TarMember | undefined> {
    for (;;) {
      await this.body.skipTo(this.body.position + this.padding);
      this.padding = 0;
      const header = Buffer.alloc(RECORD);
      const filled = await this.body.fill(header);
      if (filled === 0 || (filled === RECORD && header.every((byte) => byte === 0))) {
        return undefined;
      }
      if (filled < RECORD) {
        throw new EndOfStream();
      }
      const [sum, size] = [
        Number.parseInt(text(header, 148, 8), 8),
        Number.parseInt(text(header, 124, 12), 8),
      ];
      const actual = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
      if (sum !== actual || !(size >= 0)) {
        throw new Error('not a header of an archive');
      }
      this.padding = (RECORD - (size % RECORD)) % RECORD;
      const [type, prefix] = [text(header, 156, 1), text(header, 345, 155)];
      if (type === '' || type === '0') {
        return { name: prefix === '' ? text(header, 0, 100) : `${prefix}/${text(header, 0, 100)}`, size };
      }
      // Extended headers tell nothing that is needed here.
      await this.body.skipTo(this.body.position + size);
    }
  }

  async content({ size }: TarMember): Promise<Buffer> {
    return this.body.exactly(size);
  }
}
