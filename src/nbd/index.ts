export { NbdSource, openNbd } from './nbd-source.js';
