import { PositionalReader } from '../io/positional-reader.js';
import { SourceFile } from '../io/source-file.js';
import { XenferryError } from '../model/errors.js';
import { GIB, MIB, roundUp } from '../model/units.js';
import { type ArchiveBytes, ChunkReader } from './chunk-reader.js';
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

/** What an XVA says of itself. */
export interface XvaArchive {
  readonly path: string;
  /** In bytes; infinite where it is not known. */
  readonly length: number;
  /** In the order in which the importer expects them: plain string order of their ids. */
  readonly disks: readonly XvaDisk[];
  readonly objects: readonly XmlRpcStruct[];
  readonly firstChunkOffset: number;
}

/** Reads the head of a file. Throws SOURCE_*, XVA_INVALID. */
export async function readXvaHead(path: string): Promise<XvaArchive> {
  const file = SourceFile.openWhole(path, 'XVA_INVALID');
  try {
    return await readArchiveHead(path, file.length, async (target, offset) => {
      file.readSync(target, offset);
    });
  } finally {
    file.close();
  }
}

/** The same of bytes that come from elsewhere; `path` is for errors. Throws what reading throws, XVA_INVALID. */
export async function readXvaStreamHead(path: string, bytes: ArchiveBytes): Promise<XvaArchive> {
  return await readArchiveHead(path, Number.POSITIVE_INFINITY, async (target, offset) => {
    if ((await bytes.read(target, offset)) < target.length) throw invalid(path, 'the archive is cut off');
  });
}

/** Reads the chunks of a file; `memory` holds CHUNK_READER_BYTES. Throws SOURCE_UNREADABLE. */
export function openXvaChunks({ path, length, firstChunkOffset }: XvaArchive, memory: Buffer): ChunkReader {
  return new ChunkReader(path, PositionalReader.open(path), length, firstChunkOffset, memory);
}

async function readArchiveHead(
  path: string,
  length: number,
  fill: (target: Buffer, offset: number) => Promise<void>,
): Promise<XvaArchive> {
  const header = Buffer.alloc(TAR_RECORD_BYTES);
  await fill(header, 0);
  const member = decodeTarHeader(header);
  if (member?.name !== 'ova.xml') throw invalid(path, 'the first member is not ova.xml');
  if (member.size > MAX_OVA_XML_BYTES) throw invalid(path, `an ova.xml of ${member.size} bytes is not one`);
  const xml = Buffer.alloc(member.size);
  await fill(xml, TAR_RECORD_BYTES);
  const objects = objectsOf(decodeXmlRpcValue(xml.toString('utf8'), path), path);
  const disks = disksOf(objects);
  const odd = disks.find(({ virtualBytes }) => !(virtualBytes > 0 && virtualBytes <= MAX_DISK_BYTES));
  if (odd !== undefined) throw invalid(path, `${odd.id} cannot have ${odd.virtualBytes} bytes`);
  const firstChunkOffset = TAR_RECORD_BYTES + roundUp(member.size, TAR_RECORD_BYTES);
  return { path, length, disks, objects, firstChunkOffset };
}

function invalid(file: string, message: string): XenferryError {
  return new XenferryError('XVA_INVALID', message, { file, offset: 0 });
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
