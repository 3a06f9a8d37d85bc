export { CHUNK_READER_BYTES, ChunkReader, type XvaChunk } from './chunk-reader.js';
export { ForwardBytes } from './forward-bytes.js';
export {
  CHUNK_BYTES,
  CHUNK_STRIDE,
  type ChunkChecksum,
  ChunkHeaders,
  END_OF_ARCHIVE_BYTES,
  encodeOvaXmlMember,
} from './layout.js';
export { encodeOvaXml, NULL_REF, type XvaObject } from './ova-xml.js';
export { openXvaChunks, readXvaHead, readXvaStreamHead, type XvaArchive, type XvaDisk } from './reader.js';
export { TAR_RECORD_BYTES } from './tar-header.js';
export { XmlRpcDouble, type XmlRpcStruct } from './xml-rpc-value.js';
export { indexXvaDisks, openXvaDisk, type XvaDiskChunks } from './xva-disk.js';
