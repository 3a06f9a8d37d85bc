export {
  type BlockDigest,
  type BlockJournal,
  type BlockRecords,
  NO_RECORDS,
  patchedRecords,
} from './block-records.js';
export type { ConvertedDisk, DiskProgress } from './convert-disk.js';
export { DIGEST } from './digest-task.js';
export { dataBytesOf, diskDigest, formatUuid, uuidFrom } from './disk-digest.js';
export {
  type DiskConversionOptions,
  type DiskFile,
  type DiskFileConversion,
  digestBlocks,
  readWholeDisk,
} from './disk-file.js';
export {
  chunkStream,
  type DiskStream,
  qcow2Stream,
  rawStream,
  vhdStream,
  xvaArchiveStream,
  xvaStream,
} from './disk-streams.js';
export { CHUNK_HEAD_BYTES, writeChunkHead } from './formats/chunked-format.js';
export { convertToQcow2, writeQcow2 } from './qcow2-file.js';
export { convertToRaw, writeRaw } from './raw-file.js';
export { ReadBack } from './read-back.js';
export { type DiskSurvey, surveyChanges, surveyDisk, surveyImage } from './survey.js';
export { VERIFY, type VerifiedKind } from './verify-task.js';
export { convertToDifferencingVhd, convertToFixedVhd, convertToVhd, writeVhd } from './vhd-files.js';
export { convertToXva, type XvaConversion, type XvaFile } from './xva-file.js';
