import { MIB } from '../model/units.js';
import { encodeTarHeader, sealTarHeader, TAR_RECORD_BYTES } from './tar-header.js';

/** Size of every chunk of disk data; the importer takes it from the archive's first chunk, for all disks. */
export const CHUNK_BYTES = MIB;
/** SHA-1 checksums are read by every XenServer and XCP-ng release, XXH64 from xapi 1.170 (XenServer 8.1) on. */
export type ChunkChecksum = 'sha1' | 'xxhash';
/** Bytes of archive per chunk: header and data, header and checksum record. */
export const CHUNK_STRIDE = TAR_RECORD_BYTES + CHUNK_BYTES + 2 * TAR_RECORD_BYTES;
/** The two zero records that end a tar. */
export const END_OF_ARCHIVE_BYTES = 2 * TAR_RECORD_BYTES;

const COUNTER_DIGITS = 8;
const COUNTERS_END = 10 ** COUNTER_DIGITS;
const SUFFIX: Record<ChunkChecksum, string> = { sha1: '.checksum', xxhash: '.xxhash' };
const CHECKSUM_CHARACTERS: Record<ChunkChecksum, number> = { sha1: 40, xxhash: 16 };

/**
 * The tar records around the chunks of one disk: `<id>/<counter>` with the data, then the same name with the
 * checksum's suffix. Headers are patched in place: no allocation per chunk.
 */
export class ChunkHeaders {
  readonly #data: Buffer;
  readonly #sum: Buffer;
  readonly #counterAt: number;

  /** `diskId` must have the same width for every disk of the archive: the importer reads them in string order. */
  constructor(diskId: string, checksum: ChunkChecksum) {
    const name = `${diskId}/${'0'.repeat(COUNTER_DIGITS)}`;
    this.#data = encodeTarHeader(name, CHUNK_BYTES);
    this.#sum = encodeTarHeader(`${name}${SUFFIX[checksum]}`, CHECKSUM_CHARACTERS[checksum]);
    this.#counterAt = diskId.length + 1;
  }

  /** Writes the 512 bytes that precede chunk number `counter` to `target` at `at`. */
  writeDataHeader(counter: number, target: Buffer, at: number): void {
    this.#writeHeader(this.#data, counter, target, at);
  }

  /** Writes the 1024 bytes that follow chunk number `counter`: header and `checksum` padded to a record. */
  writeChecksum(counter: number, checksum: string, target: Buffer, at: number): void {
    this.#writeHeader(this.#sum, counter, target, at);
    target.fill(0, at + TAR_RECORD_BYTES, at + 2 * TAR_RECORD_BYTES);
    target.write(checksum, at + TAR_RECORD_BYTES, 'latin1');
  }

  #writeHeader(header: Buffer, counter: number, target: Buffer, at: number): void {
    if (counter >= COUNTERS_END) throw new RangeError(`chunk ${counter} does not fit its name`);
    header.write(counter.toString().padStart(COUNTER_DIGITS, '0'), this.#counterAt, 'latin1');
    sealTarHeader(header);
    header.copy(target, at);
  }
}

/** `ova.xml` as the archive's first member, padded to whole records. */
export function encodeOvaXmlMember(xml: string): Buffer {
  const content = Buffer.from(xml, 'utf8');
  const padding = (TAR_RECORD_BYTES - (content.length % TAR_RECORD_BYTES)) % TAR_RECORD_BYTES;
  return Buffer.concat([encodeTarHeader('ova.xml', content.length), content, Buffer.alloc(padding)]);
}
