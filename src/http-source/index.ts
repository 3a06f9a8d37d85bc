export { HttpSource } from './http-source.js';
export { shownUrl } from './http-url.js';
