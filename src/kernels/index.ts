export { Kernels } from './kernels.js';
