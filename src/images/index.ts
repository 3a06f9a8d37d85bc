export { detectFormat } from './detect-format.js';
export { type ImageInfo, locatedImage, readImageInfo } from './image-info.js';
export {
  type ByteLocation,
  type DatastoreLocation,
  fileImage,
  IMAGE_FORMATS,
  type ImageFormat,
  type ImageSource,
  locationName,
} from './image-source.js';
export { openImage } from './open-image.js';
export { type UnpackedImage, unpackImage } from './unpack.js';
