export { NbdSource, openNbd } from './nbd-source.js';
export { parseNbdUri } from './nbd-uri.js';
export { type ServedImages, serveImages } from './server/serve-images.js';
