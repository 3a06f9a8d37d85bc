export { detectFormat } from './detect-format.js';
export { type ImageInfo, locatedImage, readImageInfo } from './image-info.js';
export {
  type ByteLocation,
  fileImage,
  IMAGE_FORMATS,
  type ImageFormat,
  type ImageSource,
  locationName,
  type MadeDisk,
} from './image-source.js';
export { openImage } from './open-image.js';
export { type UnpackedImage, unpackImage } from './unpack.js';
