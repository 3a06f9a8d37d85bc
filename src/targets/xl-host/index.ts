export { type XlConfig, type XlDiskFormat, xlConfig } from './domain-config.js';
