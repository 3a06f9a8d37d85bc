export { type ImageInfo, locatedImage, readImageInfo } from './image-info.js';
export { type ByteLocation, fileImage, type ImageFormat, type ImageSource } from './image-source.js';
export { openImage } from './open-image.js';
export { type UnpackedImage, unpackImage } from './unpack.js';
