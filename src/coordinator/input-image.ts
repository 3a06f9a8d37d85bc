import { rm, stat } from 'node:fs/promises';
import { fileImage, type ImageSource, readImageInfo } from '../images/index.js';
import { systemErrorCode, XenferryError } from '../model/errors.js';
import { qemuImgInfo, qemuImgToRaw } from '../qemu-img/index.js';

/** An image ready to be surveyed and converted. */
export interface InputImage {
  readonly source: ImageSource;
  /** Removes what was made to read it. */
  release(): Promise<void>;
}

/** What the reader refuses and qemu-img may still know. */
const BEYOND_READER = ['VMDK_BAD_MAGIC', 'VMDK_UNSUPPORTED'];
/** Names under which a file without any header is taken for a disk. */
const RAW_NAME = /\.(?:raw|img|dd|bin)$/i;

/**
 * Opens a VMDK or raw image directly, anything else by way of a sparse raw copy that qemu-img makes at `scratch`.
 * An image that names a backing file is refused: whoever made it would choose which file of this machine is read.
 * Throws SOURCE_*, VMDK_*, TOOL_*, CANCELED.
 */
export async function openInputImage(
  path: string,
  scratch: string,
  signal: AbortSignal,
): Promise<InputImage> {
  const length = await sizeOf(path);
  const source = fileImage('vmdk', path, length);
  try {
    await readImageInfo(source);
    return { source, release: async () => {} };
  } catch (error) {
    if (!(error instanceof XenferryError) || !BEYOND_READER.includes(error.code)) throw error;
    if (RAW_NAME.test(path)) return { source: fileImage('raw', path, length), release: async () => {} };
    return await copyForeignImage(path, scratch, signal, error);
  }
}

async function copyForeignImage(
  path: string,
  scratch: string,
  signal: AbortSignal,
  refusal: XenferryError,
): Promise<InputImage> {
  const info = await qemuImgInfo(path, { signal });
  if (info.format === 'raw' || info.backingFile !== null) throw refusal;
  const release = () => rm(scratch, { force: true });
  try {
    await qemuImgToRaw(path, scratch, { signal });
    return { source: fileImage('raw', scratch, await sizeOf(scratch)), release };
  } catch (error) {
    await release();
    throw error;
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (cause) {
    if (systemErrorCode(cause) !== 'ENOENT') throw cause;
    throw new XenferryError('SOURCE_NOT_FOUND', 'no such file', { file: path, cause });
  }
}
