export { type DescribedFile, ovfDescriptor } from './descriptor.js';
