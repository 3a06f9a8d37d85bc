export type { BlockJournal, BlockRecords, ConvertedDisk, DiskProgress } from './convert-disk.js';
export { DIGEST } from './digest-task.js';
export { diskDigest, formatUuid, uuidFrom } from './disk-digest.js';
export {
  convertToRaw,
  convertToVhd,
  type DiskFile,
  type DiskFileConversion,
  readWholeDisk,
} from './disk-files.js';
export { type DiskSurvey, surveyDisk, surveyImage } from './survey.js';
export { VERIFY } from './verify-task.js';
export { convertToXva, type XvaDiskConversion, type XvaFile } from './xva-file.js';
