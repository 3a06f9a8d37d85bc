import { type ByteSource, readBytes } from '../io/byte-source.js';
import { ENTRY_BYTES, HEADER_V2_BYTES, HEADER_V3_BYTES, QCOW2_MAGIC } from './format.js';
import { invalid, unsupported } from './refusals.js';

/** What the reader needs of a qcow2 header ("qcow2 Image File Format", Header). */
export interface Qcow2Header {
  /** Version 3: an L2 entry may say that its cluster reads as zeros. */
  readonly zeroClusters: boolean;
  /** Size of the virtual disk. */
  readonly virtualBytes: number;
  readonly clusterBytes: number;
  /** Its logarithm to base 2. */
  readonly clusterBits: number;
  /** L2 entries are 16 bytes and tell of 32 subclusters each. */
  readonly extendedL2: boolean;
  readonly l1Offset: number;
  readonly l1Entries: number;
  /** As the image names it, never opened; null for an image that stands alone. */
  readonly backingFile: string | null;
  /** Number of internal snapshots. */
  readonly snapshots: number;
}

/** vSphere's largest disk is 62 TiB; nothing above 64 TiB is a disk of a machine we convert. */
const MAX_VIRTUAL_BYTES = 2 ** 46;
const MIN_CLUSTER_BITS = 9;
const MAX_CLUSTER_BITS = 21;
/** Subclusters are a 32nd of a cluster, and no smaller than a sector. */
const MIN_EXTENDED_CLUSTER_BITS = 14;
const MAX_BACKING_NAME_BYTES = 1023;
/** With the first of the additional fields, the compression type. */
const LONGEST_KNOWN_HEADER = HEADER_V3_BYTES + 8;

const ENCRYPTIONS: Readonly<Record<number, string>> = { 1: 'AES', 2: 'LUKS' };
const COMPRESSIONS: Readonly<Record<number, string>> = { 1: 'zstd' };

const INCOMPATIBLE_AT = 72;
const DIRTY = 1n << 0n;
const CORRUPT = 1n << 1n;
const EXTERNAL_DATA = 1n << 2n;
const COMPRESSION_TYPE = 1n << 3n;
const EXTENDED_L2 = 1n << 4n;
/** A dirty image has stale refcounts, which reading does not look at. */
const HARMLESS = DIRTY | COMPRESSION_TYPE | EXTENDED_L2;

/**
 * Reads and judges the header at the start of `file`. Rejects with QCOW2_INVALID or QCOW2_UNSUPPORTED, which give the
 * field's offset, or SOURCE_*.
 */
export async function readQcow2Header(file: ByteSource): Promise<Qcow2Header> {
  const bytes = await readHeaderBytes(file);
  refuseEncryption(file, bytes);
  refuseFeatures(file, bytes);
  const extendedL2 = (bytes.readBigUInt64BE(INCOMPATIBLE_AT) & EXTENDED_L2) !== 0n;
  const clusterBits = readClusterBits(file, bytes, extendedL2);
  const virtualBytes = Number(bytes.readBigUInt64BE(24));
  if (virtualBytes > MAX_VIRTUAL_BYTES) throw unsupported(file, 24, 'the virtual disk is above 64 TiB');
  return {
    zeroClusters: bytes.readUInt32BE(4) >= 3,
    virtualBytes,
    clusterBytes: 2 ** clusterBits,
    clusterBits,
    extendedL2,
    l1Offset: Number(bytes.readBigUInt64BE(40)),
    l1Entries: bytes.readUInt32BE(36),
    backingFile: await readBackingFile(file, bytes),
    snapshots: bytes.readUInt32BE(60),
  };
}

/** Fields past the header's end read as zeros, which is what the specification says of them. */
async function readHeaderBytes(file: ByteSource): Promise<Buffer> {
  if (file.length < HEADER_V2_BYTES)
    throw invalid(file, 0, `a file of ${file.length} bytes is no qcow2 image`);
  const bytes = Buffer.alloc(LONGEST_KNOWN_HEADER);
  await file.read(bytes, 0, Math.min(file.length, LONGEST_KNOWN_HEADER), 0);
  if (bytes.readUInt32BE(0) !== QCOW2_MAGIC)
    throw invalid(file, 0, 'it does not begin as a qcow2 image does');
  return bytes.fill(0, Math.min(headerLength(file, bytes), LONGEST_KNOWN_HEADER));
}

function headerLength(file: ByteSource, bytes: Buffer): number {
  const version = bytes.readUInt32BE(4);
  if (version === 2) return HEADER_V2_BYTES;
  if (version !== 3)
    throw unsupported(file, 4, `version ${version} of the format is not known, only 2 and 3`);
  const length = bytes.readUInt32BE(100);
  if (length < HEADER_V3_BYTES || length > file.length) {
    throw invalid(file, 100, `a header of ${length} bytes does not fit version 3 or the file`);
  }
  return length;
}

function refuseEncryption(file: ByteSource, bytes: Buffer): void {
  const method = bytes.readUInt32BE(32);
  if (method === 0) return;
  throw unsupported(
    file,
    32,
    `it is encrypted (${ENCRYPTIONS[method] ?? `method ${method}`})`,
    'Decrypt it with `qemu-img convert` and its secret, and take the result.',
  );
}

function refuseFeatures(file: ByteSource, bytes: Buffer): void {
  const features = bytes.readBigUInt64BE(INCOMPATIBLE_AT);
  if ((features & CORRUPT) !== 0n) {
    throw invalid(file, INCOMPATIBLE_AT, 'the image is marked as corrupt', {
      hint: 'Repair a copy with `qemu-img check -r all`, and check what is in it before it is used.',
    });
  }
  if ((features & EXTERNAL_DATA) !== 0n) {
    throw unsupported(file, INCOMPATIBLE_AT, 'its data is in another file (external data file)');
  }
  const unknown = features & ~(HARMLESS | CORRUPT | EXTERNAL_DATA);
  if (unknown !== 0n) {
    throw unsupported(
      file,
      INCOMPATIBLE_AT,
      `it has incompatible features that are not known: 0x${unknown.toString(16)}`,
    );
  }
  const compression = bytes.readUInt8(HEADER_V3_BYTES);
  if (compression !== 0) {
    const name = COMPRESSIONS[compression] ?? `type ${compression}`;
    throw unsupported(file, HEADER_V3_BYTES, `its clusters are compressed with ${name}, not with deflate`);
  }
}

function readClusterBits(file: ByteSource, bytes: Buffer, extendedL2: boolean): number {
  const bits = bytes.readUInt32BE(20);
  if (bits < (extendedL2 ? MIN_EXTENDED_CLUSTER_BITS : MIN_CLUSTER_BITS) || bits > MAX_CLUSTER_BITS) {
    throw invalid(file, 20, `clusters of 2^${bits} bytes are out of range`);
  }
  return bits;
}

async function readBackingFile(file: ByteSource, bytes: Buffer): Promise<string | null> {
  const offset = Number(bytes.readBigUInt64BE(8));
  const length = bytes.readUInt32BE(16);
  if (offset === 0 || length === 0) return null;
  if (length > MAX_BACKING_NAME_BYTES || offset + length > file.length) {
    throw invalid(file, 8, `the backing file's name of ${length} bytes lies outside the file or is too long`);
  }
  return (await readBytes(file, offset, length)).toString('utf8');
}

/** Bytes of an entry in an L2 table. */
export function l2EntryBytes({ extendedL2 }: Qcow2Header): number {
  return extendedL2 ? 2 * ENTRY_BYTES : ENTRY_BYTES;
}

/** Bytes of the virtual disk that one L2 table tells of. */
export function l2SpanBytes(header: Qcow2Header): number {
  return (header.clusterBytes / l2EntryBytes(header)) * header.clusterBytes;
}
