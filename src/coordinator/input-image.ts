import { rm, stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { shownUrl } from '../http-source/index.js';
import {
  type ByteLocation,
  detectFormat,
  fileImage,
  type ImageFormat,
  type ImageSource,
  readImageInfo,
} from '../images/index.js';
import { unlessAborted } from '../model/abort.js';
import { systemErrorCode, XenferryError } from '../model/errors.js';
import type { FileRange } from '../model/virtual-machine.js';
import { qemuImgInfo, qemuImgToRaw } from '../qemu-img/index.js';

/** What a user names as input. */
export interface InputSpec {
  /** An absolute path, or an `http(s)://`, `nbd://` or `nbd+unix://` address. */
  readonly input: string;
  /** Null: by the bytes. */
  readonly inputFormat: ImageFormat | null;
  /** Absolute path of a qcow2 layer to put on the image. */
  readonly overlay: string | undefined;
  /** SHA-256 of the one certificate to trust, in hex. */
  readonly tlsFingerprint: string | undefined;
}

/** An image ready to be surveyed and converted. */
export interface InputImage {
  readonly source: ImageSource;
  /** Removes what was made to read it. */
  release(): Promise<void>;
}

/** What the readers refuse and qemu-img may still know. */
const BEYOND_READERS = ['VMDK_BAD_MAGIC', 'VMDK_UNSUPPORTED', 'QCOW2_UNSUPPORTED', 'IMAGE_UNKNOWN'];
const OVA = /\.ova$/i;

/** Whether an input is an address rather than a path. One that we cannot read is no path either: it may hold secrets. */
export function isAddress(input: string): boolean {
  return /^[a-z][a-z\d+.-]*:\/\//i.test(input);
}

/** The input as results and outputs may name it: a password or the signature of a URL is nobody else's. */
export function shownInput(input: string): string {
  return /^https?:/i.test(input) ? shownUrl(input) : input;
}

/**
 * Finds out how to read an input: VMDK, VHD and raw images where they lie, anything else by way of a sparse raw copy
 * that qemu-img makes at `scratch`. An image that names a backing file is refused: whoever made it would choose which
 * file of this machine is read. Throws SOURCE_*, HTTP_*, NBD_*, CONFIG_INVALID, TOOL_*, CANCELED, the formats' codes.
 */
export async function openInputImage(
  spec: InputSpec,
  scratch: string,
  signal: AbortSignal,
): Promise<InputImage> {
  try {
    return { source: await readableImage(spec, signal), release: async () => {} };
  } catch (error) {
    const known = error instanceof XenferryError && BEYOND_READERS.includes(error.code);
    const copied = known && spec.inputFormat === null && !isAddress(spec.input) && !OVA.test(spec.input);
    if (!copied) throw error;
    return await copyForeignImage(spec, scratch, signal, error);
  }
}

/** An input that can be read where it lies. Rejects as `openInputImage` does, and with IMAGE_UNKNOWN for others. */
export async function readableImage(spec: InputSpec, signal: AbortSignal): Promise<ImageSource> {
  const location = await locate(spec);
  const format =
    spec.inputFormat ?? (await unlessAborted(signal, detectFormat(location))) ?? formatByName(spec.input);
  if (format === null) {
    if (OVA.test(spec.input) && location.kind === 'files') throw await wholeOva(spec.input);
    throw new XenferryError('IMAGE_UNKNOWN', 'this is no disk image of a known format', {
      file: isAbsolute(spec.input) ? spec.input : undefined,
    });
  }
  const source = { format, location, overlay: spec.overlay };
  await unlessAborted(signal, readImageInfo(source));
  return source;
}

/** For bytes that tell nothing. */
function formatByName(input: string): ImageFormat | null {
  const name = input.replace(/[?#].*$/, '');
  if (/\.vmdk$/i.test(name)) return 'vmdk';
  return /\.(?:raw|img|dd|bin)$/i.test(name) ? 'raw' : null;
}

async function locate({ input, tlsFingerprint }: InputSpec): Promise<ByteLocation> {
  if (/^nbd/i.test(input) && isAddress(input)) return { kind: 'nbd', uri: input };
  if (isAddress(input)) return { kind: 'http', url: input, tlsFingerprint };
  const member = await ovaMember(input);
  const range = member ?? { path: input, offset: 0, length: await sizeOf(input) };
  return { kind: 'files', ranges: [range] };
}

/** `export.ova/disk1.vmdk` names a file inside an OVA, where it is read; null for any other path. */
async function ovaMember(input: string): Promise<FileRange | null> {
  const [, ova = '', name] = /^(.+\.ova)\/(.+)$/i.exec(input) ?? [];
  if (name === undefined || !(await isFile(ova))) return null;
  const { indexOva } = await import('../ovf-parser/index.js');
  const member = (await indexOva(ova)).find((candidate) => candidate.name === name);
  if (member !== undefined) return { path: ova, offset: member.offset, length: member.length };
  throw new XenferryError('SOURCE_NOT_FOUND', `it has no member ${name}`, { file: ova });
}

async function wholeOva(path: string): Promise<XenferryError> {
  const { indexOva } = await import('../ovf-parser/index.js');
  const disks = (await indexOva(path)).filter(({ name }) => !/\.(?:ovf|mf|cert)$/i.test(name));
  const names = disks.slice(0, 4).map(({ name }) => `${path}/${name}`);
  return new XenferryError('IMAGE_UNKNOWN', 'this is an OVA, not a disk', {
    file: path,
    hint: `Convert the machine with xenferry run, or name one disk: ${names.join(', ')}`,
  });
}

async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
}

async function copyForeignImage(
  { input: path, overlay }: InputSpec,
  scratch: string,
  signal: AbortSignal,
  refusal: XenferryError,
): Promise<InputImage> {
  const info = await qemuImgInfo(path, { signal });
  if (info.format === 'raw' || info.backingFile !== null) throw refusal;
  const release = () => rm(scratch, { force: true });
  try {
    await qemuImgToRaw(path, scratch, { signal });
    return { source: { ...fileImage('raw', scratch, await sizeOf(scratch)), overlay }, release };
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
