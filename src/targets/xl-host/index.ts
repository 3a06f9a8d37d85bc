export { type XlConfig, xlConfig } from './domain-config.js';
