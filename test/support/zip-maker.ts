import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipMember {
  readonly name: string;
  readonly content: Uint8Array | string;
}

const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const END_OF_DIRECTORY = 0x06054b50;
const DEFLATED = 8;

/** A zip archive of deflated members (PKWARE APPNOTE 4.3). */
export function makeZip(members: readonly ZipMember[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content } of members) {
    const plain = Buffer.from(content);
    const packed = deflateRawSync(plain);
    const fields = commonFields(plain, packed.length, name);
    const local = Buffer.concat([uint32(LOCAL_HEADER), fields, Buffer.from(name), packed]);
    const place = Buffer.concat([uint16(0), uint16(0), uint16(0), uint32(0), uint32(offset)]);
    directory.push(Buffer.concat([uint32(CENTRAL_HEADER), uint16(20), fields, place, Buffer.from(name)]));
    parts.push(local);
    offset += local.length;
  }
  const listed = Buffer.concat(directory);
  const counts = [uint16(0), uint16(0), uint16(members.length), uint16(members.length)];
  const end = [uint32(END_OF_DIRECTORY), ...counts, uint32(listed.length), uint32(offset), uint16(0)];
  return Buffer.concat([...parts, listed, ...end]);
}

/** Version needed, flags, method, time, date, CRC, sizes and lengths: the same in both headers. */
function commonFields(plain: Buffer, packedBytes: number, name: string): Buffer {
  const sizes = [uint32(crc32(plain)), uint32(packedBytes), uint32(plain.length)];
  const lengths = [uint16(Buffer.byteLength(name)), uint16(0)];
  return Buffer.concat([
    uint16(20),
    uint16(0x800),
    uint16(DEFLATED),
    uint16(0),
    uint16(0x21),
    ...sizes,
    ...lengths,
  ]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
