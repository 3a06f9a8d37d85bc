import { SourceFile } from '../io/source-file.js';
import { XenferryError } from '../model/errors.js';
import { GIB, MIB, roundUp } from '../model/units.js';
import { ChunkReader } from './chunk-reader.js';
import { decodeTarHeader, TAR_RECORD_BYTES } from './tar-header.js';
import { decodeXmlRpcValue, type XmlRpcStruct, type XmlRpcValue } from './xml-rpc-value.js';

export interface XvaDisk {
  /** Directory of its chunks in the archive. */
  readonly id: string;
  readonly virtualBytes: number;
}

const MAX_OVA_XML_BYTES = 64 * MIB;
/** vSphere's largest disk is 62 TiB. */
const MAX_DISK_BYTES = 64 * 1024 * GIB;

/** An XVA opened for reading. */
export class XvaArchive {
  readonly file: SourceFile;
  /** In the order in which the importer expects them: plain string order of their ids. */
  readonly disks: readonly XvaDisk[];
  readonly objects: readonly XmlRpcStruct[];
  readonly #firstChunkOffset: number;

  private constructor(file: SourceFile) {
    this.file = file;
    const member = decodeTarHeader(this.#bytes(0, TAR_RECORD_BYTES));
    if (member?.name !== 'ova.xml') throw this.#invalid('the first member is not ova.xml');
    if (member.size > MAX_OVA_XML_BYTES) throw this.#invalid(`an ova.xml of ${member.size} bytes is not one`);
    const xml = this.#bytes(TAR_RECORD_BYTES, member.size).toString('utf8');
    this.objects = objectsOf(decodeXmlRpcValue(xml, file.path), file.path);
    this.disks = disksOf(this.objects);
    const odd = this.disks.find(({ virtualBytes }) => !(virtualBytes > 0 && virtualBytes <= MAX_DISK_BYTES));
    if (odd !== undefined) throw this.#invalid(`${odd.id} cannot have ${odd.virtualBytes} bytes`);
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

  /** Reads the chunks; `memory` holds CHUNK_READER_BYTES. */
  openChunks(memory: Buffer): ChunkReader {
    return new ChunkReader(this.file.path, this.file.length, this.#firstChunkOffset, memory);
  }

  close(): void {
    this.file.close();
  }

  #invalid(message: string): XenferryError {
    return new XenferryError('XVA_INVALID', message, { file: this.file.path, offset: 0 });
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
