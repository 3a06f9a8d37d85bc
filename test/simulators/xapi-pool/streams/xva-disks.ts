import { createHash } from 'node:crypto';
import xxhash from 'xxhash-wasm';
import { XapiFailure } from '../failure.js';
import type { DiskWriter } from './disk-writer.js';
import type { TarMember, TarStream } from './tar-stream.js';

/** The largest block that is taken; archives have 1 MiB. */
const LARGEST_BLOCK = 64 * 1024 * 1024;

export interface XvaDisk {
  /** The folder of its blocks. */
  readonly id: string;
  readonly size: number;
  readonly writer: DiskWriter;
  /** Called for each block; throws to end the import. */
  readonly goOn: () => void;
}

function unexpected(expected: string, found: TarMember | undefined): XapiFailure {
  return found === undefined
    ? new XapiFailure('IMPORT_ERROR_PREMATURE_EOF')
    : new XapiFailure('IMPORT_ERROR_UNEXPECTED_FILE', [expected, found.name]);
}

/** Reads the blocks of disks, one disk after the other, each block with its checksum behind it. */
export class XvaBlocks {
  private readonly tar: TarStream;
  /** Of the archive's first block, and from there on of all disks. */
  private chunk = 0;

  constructor(tar: TarStream) {
    this.tar = tar;
  }

  async take({ id, size, writer, goOn }: XvaDisk): Promise<void> {
    let last = -1;
    for (let offset = 0; offset < size; ) {
      goOn();
      const member = await this.tar.next();
      const counter = /^(.*)\/(\d{8})$/.exec(member?.name ?? '');
      const number = Number(counter?.[2] ?? Number.NaN);
      const first = last < 0 && number !== 0;
      if (
        member === undefined ||
        counter?.[1] !== id ||
        first ||
        number <= last ||
        member.size > LARGEST_BLOCK
      ) {
        throw unexpected(`${id}/${String(last + 1).padStart(8, '0')}`, member);
      }
      const block = await this.tar.content(member);
      await this.verify(member.name, block);
      this.chunk ||= block.length;
      const start = number * this.chunk;
      await writer.write(start, block);
      offset = start + (block.length === 0 ? this.chunk : block.length);
      last = number;
    }
  }

  private async verify(name: string, block: Buffer): Promise<void> {
    const member = await this.tar.next();
    if (member?.name !== `${name}.xxhash` && member?.name !== `${name}.checksum`) {
      throw unexpected(`${name}.checksum`, member);
    }
    const told = (await this.tar.content({ ...member, size: Math.min(member.size, 64) })).toString('latin1');
    const { h64Raw } = await xxhash();
    const actual = member.name.endsWith('.xxhash')
      ? h64Raw(block).toString(16).toUpperCase().padStart(16, '0')
      : createHash('sha1').update(block).digest('hex');
    if (told !== actual) {
      throw new XapiFailure('IMPORT_ERROR_SOME_CHECKSUMS_FAILED');
    }
  }
}
