export type { BlockDigest, BlockJournal, BlockRecords } from './block-records.js';
export type { ConvertedDisk, DiskProgress } from './convert-disk.js';
export { DIGEST } from './digest-task.js';
export { dataBytesOf, diskDigest, formatUuid, uuidFrom } from './disk-digest.js';
export {
  convertToRaw,
  convertToVhd,
  type DiskFile,
  type DiskFileConversion,
  readWholeDisk,
} from './disk-files.js';
export { type DiskStream, rawStream, type StreamConversion, vhdStream, xvaStream } from './disk-streams.js';
export { type DiskSurvey, surveyDisk, surveyImage } from './survey.js';
export { VERIFY } from './verify-task.js';
export { convertToXva, type XvaDiskConversion, type XvaFile } from './xva-file.js';
