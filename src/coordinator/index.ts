export type { BatchEvent, BatchObserver } from './batch-events.js';
export { checkFile, type FileCheck } from './check-file.js';
export { type ConvertedFile, convertFile, type FileConversion, type OutputFormat } from './convert-file.js';
export { type BatchOptions, type BatchResult, runBatch } from './run-batch.js';
