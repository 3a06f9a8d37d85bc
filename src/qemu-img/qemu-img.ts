import { ExecaError, execa } from 'execa';
import { z } from 'zod';
import { XenferryError } from '../model/errors.js';

/** What `qemu-img info` tells of an image. */
export interface QemuImageInfo {
  readonly format: string;
  readonly virtualBytes: number;
  /** The image below this one in a chain; null for a whole image. */
  readonly backingFile: string | null;
}

/** A range of an image, in bytes. */
export interface ImageRange {
  readonly start: number;
  readonly end: number;
}

const INFO = z.object({
  format: z.string(),
  'virtual-size': z.number(),
  'backing-filename': z.string().optional(),
});
const MAP = z.array(z.object({ start: z.number(), length: z.number(), data: z.boolean() }));

export interface QemuImgOptions {
  readonly signal?: AbortSignal;
}

/** Format and size as QEMU sees them. Throws TOOL_MISSING, TOOL_FAILED. */
export async function qemuImgInfo(path: string, options: QemuImgOptions = {}): Promise<QemuImageInfo> {
  const info = INFO.parse(
    JSON.parse(await runQemuImg(['info', '--output=json', fileArgument(path)], options)),
  );
  return {
    format: info.format,
    virtualBytes: info['virtual-size'],
    backingFile: info['backing-filename'] ?? null,
  };
}

/** The ranges of a raw file that hold data, ascending; the rest are holes. Throws TOOL_MISSING, TOOL_FAILED. */
export async function qemuImgDataRanges(path: string, options: QemuImgOptions = {}): Promise<ImageRange[]> {
  const output = await runQemuImg(['map', '--output=json', '-f', 'raw', fileArgument(path)], options);
  return MAP.parse(JSON.parse(output)).flatMap(({ start, length, data }) =>
    data ? [{ start, end: start + length }] : [],
  );
}

/** Whether two images have the same content; a tail of zeros does not count. Throws TOOL_MISSING, TOOL_FAILED. */
export async function qemuImgCompare(a: string, b: string, options: QemuImgOptions = {}): Promise<boolean> {
  try {
    await runQemuImg(['compare', fileArgument(a), fileArgument(b)], options);
    return true;
  } catch (error) {
    if (error instanceof XenferryError && error.cause instanceof ExecaError && error.cause.exitCode === 1)
      return false;
    throw error;
  }
}

/** Writes `source`, of whatever format QEMU knows, as a sparse raw file. Throws TOOL_MISSING, TOOL_FAILED. */
export async function qemuImgToRaw(
  source: string,
  target: string,
  options: QemuImgOptions = {},
): Promise<void> {
  await runQemuImg(['convert', '-O', 'raw', fileArgument(source), fileArgument(target)], options);
}

/** QEMU's version, or null when it is not installed. */
export async function qemuImgVersion(): Promise<string | null> {
  try {
    const output = await runQemuImg(['--version'], {});
    return /version (\S+)/.exec(output)?.[1] ?? 'unknown';
  } catch (error) {
    if (error instanceof XenferryError && error.code === 'TOOL_MISSING') return null;
    throw error;
  }
}

/** Without the prefix a colon in a file name would make QEMU take what stands before it for a protocol. */
function fileArgument(path: string): string {
  return `file:${path}`;
}

async function runQemuImg(args: readonly string[], { signal }: QemuImgOptions): Promise<string> {
  try {
    const { stdout } = await execa('qemu-img', args, {
      env: { LC_ALL: 'C' },
      forceKillAfterDelay: 2_000,
      ...(signal === undefined ? {} : { cancelSignal: signal }),
    });
    return stdout;
  } catch (error) {
    if (!(error instanceof ExecaError)) throw error;
    if (error.isCanceled) throw new XenferryError('CANCELED', 'qemu-img was stopped', { cause: error });
    if (error.code === 'ENOENT') {
      throw new XenferryError('TOOL_MISSING', 'qemu-img is not installed', {
        cause: error,
        hint: 'Install it: sudo apt-get install --no-install-recommends qemu-utils',
      });
    }
    throw new XenferryError(
      'TOOL_FAILED',
      `qemu-img ${args[0]}: ${String(error.stderr || error.shortMessage).trim()}`,
      {
        cause: error,
      },
    );
  }
}
