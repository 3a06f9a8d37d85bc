import { SourceFile } from '../io/source-file.js';
import { XenferryError } from '../model/errors.js';
import { MIB, roundUp } from '../model/units.js';
import { decodeTarHeader, TAR_RECORD_BYTES } from './tar-header.js';
import { decodeXmlRpcValue, type XmlRpcStruct, type XmlRpcValue } from './xml-rpc-value.js';

export interface XvaDisk {
  /** Directory of its chunks in the archive. */
  readonly id: string;
  readonly virtualBytes: number;
}

/** One chunk as it stands in the archive. */
export interface XvaChunk {
  readonly diskId: string;
  readonly counter: number;
  /** Of the data in the file. */
  readonly offset: number;
  readonly length: number;
  readonly checksumKind: 'sha1' | 'xxhash';
  readonly checksum: string;
}

const MAX_OVA_XML_BYTES = 64 * MIB;
const CHUNK_NAME = /^([^/]+)\/(\d{8,})$/;

/** An XVA opened for reading in archive order. All methods throw XVA_INVALID with the offset. */
export class XvaArchive {
  readonly file: SourceFile;
  /** In the order in which the importer expects them: plain string order of their ids. */
  readonly disks: readonly XvaDisk[];
  readonly objects: readonly XmlRpcStruct[];
  readonly #firstChunkOffset: number;

  private constructor(file: SourceFile) {
    this.file = file;
    const member = this.#header(0);
    if (member?.name !== 'ova.xml') throw this.invalid(0, 'the first member is not ova.xml');
    if (member.size > MAX_OVA_XML_BYTES)
      throw this.invalid(0, `an ova.xml of ${member.size} bytes is not one`);
    const xml = this.#bytes(TAR_RECORD_BYTES, member.size).toString('utf8');
    this.objects = objectsOf(decodeXmlRpcValue(xml, file.path), file.path);
    this.disks = disksOf(this.objects);
    this.#firstChunkOffset = TAR_RECORD_BYTES + roundUp(member.size, TAR_RECORD_BYTES);
  }

  /** Throws SOURCE_*, XVA_INVALID. */
  static open(path: string): XvaArchive {
    const file = SourceFile.openWhole(path, 'XVA_INVALID');
    try {
      return new XvaArchive(file);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Every chunk with its checksum, from the headers alone. */
  *chunks(): Generator<XvaChunk> {
    let offset = this.#firstChunkOffset;
    for (let data = this.#header(offset); data !== null; data = this.#header(offset)) {
      const match = CHUNK_NAME.exec(data.name);
      if (match === null) throw this.invalid(offset, `unexpected member ${data.name}`);
      const dataOffset = offset + TAR_RECORD_BYTES;
      const sumOffset = dataOffset + roundUp(data.size, TAR_RECORD_BYTES);
      const sum = this.#header(sumOffset);
      const checksumKind = sum?.name === `${data.name}.checksum` ? 'sha1' : 'xxhash';
      if (
        sum === null ||
        (checksumKind === 'xxhash' && sum.name !== `${data.name}.xxhash`) ||
        sum.size > 40
      ) {
        throw this.invalid(sumOffset, `the checksum of ${data.name} is missing`);
      }
      yield {
        diskId: match[1] ?? '',
        counter: Number(match[2]),
        offset: dataOffset,
        length: data.size,
        checksumKind,
        checksum: this.#bytes(sumOffset + TAR_RECORD_BYTES, sum.size).toString('latin1'),
      };
      offset = sumOffset + 2 * TAR_RECORD_BYTES;
    }
  }

  close(): void {
    this.file.close();
  }

  invalid(offset: number, message: string): XenferryError {
    return new XenferryError('XVA_INVALID', message, { file: this.file.path, offset });
  }

  /** Null at the end of the archive: a record of zeros, or the end of the file. */
  #header(offset: number): { name: string; size: number } | null {
    if (offset === this.file.length) return null;
    const record = this.#bytes(offset, TAR_RECORD_BYTES);
    if (record.every((byte) => byte === 0)) return null;
    const member = decodeTarHeader(record);
    if (member === null) throw this.invalid(offset, 'not a tar header');
    return member;
  }

  #bytes(offset: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    this.file.readSync(bytes, offset);
    return bytes;
  }
}

function objectsOf(value: XmlRpcValue, file: string): XmlRpcStruct[] {
  const objects = isStruct(value) ? value.objects : undefined;
  if (!Array.isArray(objects)) throw new XenferryError('XVA_INVALID', 'ova.xml holds no objects', { file });
  return objects.filter(isStruct);
}

/** VDIs that a disk (not a CD) of the VM refers to. */
function disksOf(objects: readonly XmlRpcStruct[]): XvaDisk[] {
  const referenced = new Set(
    objects.flatMap((object) => {
      const { class: kind, snapshot } = object;
      return kind === 'VBD' && isStruct(snapshot) && snapshot.type !== 'CD' ? [snapshot.VDI] : [];
    }),
  );
  const disks = objects.flatMap(({ class: kind, id, snapshot }) => {
    if (kind !== 'VDI' || typeof id !== 'string' || !referenced.has(id) || !isStruct(snapshot)) return [];
    return [{ id, virtualBytes: Number(snapshot.virtual_size) }];
  });
  return disks.sort((a, b) => (a.id < b.id ? -1 : 1));
}

function isStruct(value: XmlRpcValue | undefined): value is XmlRpcStruct {
  return typeof value === 'object' && !Array.isArray(value);
}
