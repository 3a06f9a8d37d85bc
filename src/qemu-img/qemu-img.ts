import { XenferryError } from '../model/errors.js';
import type { ImageRange, QemuImageInfo } from './qemu-img-output.js';

export interface QemuImgOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Format and size as QEMU sees them. Throws TOOL_MISSING, TOOL_FAILED. */
export async function qemuImgInfo(path: string, options: QemuImgOptions = {}): Promise<QemuImageInfo> {
  const { parseInfo } = await import('./qemu-img-output.js');
  return parseInfo(await runQemuImg(['info', '--output=json', fileArgument(path)], options));
}

/** The ranges of a raw file that hold data, ascending; the rest are holes. Throws TOOL_MISSING, TOOL_FAILED. */
export async function qemuImgDataRanges(path: string, options: QemuImgOptions = {}): Promise<ImageRange[]> {
  const output = await runQemuImg(['map', '--output=json', '-f', 'raw', fileArgument(path)], options);
  const { parseMap } = await import('./qemu-img-output.js');
  return parseMap(output);
}

/** Whether two images have the same content; a tail of zeros does not count. Throws TOOL_MISSING, TOOL_FAILED. */
export async function qemuImgCompare(a: string, b: string, options: QemuImgOptions = {}): Promise<boolean> {
  try {
    await runQemuImg(['compare', fileArgument(a), fileArgument(b)], options);
    return true;
  } catch (error) {
    if (error instanceof XenferryError && exitCodeOf(error.cause) === 1) return false;
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

function exitCodeOf(error: unknown): unknown {
  return error instanceof Error && 'exitCode' in error ? error.exitCode : undefined;
}

async function runQemuImg(args: readonly string[], { signal }: QemuImgOptions): Promise<string> {
  // Loaded when needed, like the parsers: most conversions never call QEMU and should not pay for it.
  const { ExecaError, execa } = await import('execa');
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
    const detail = String(error.stderr || error.shortMessage).trim();
    if (detail.includes('No space left on device')) {
      throw new XenferryError('TARGET_NO_SPACE', `the target is full (qemu-img ${args[0]})`, {
        file: args.at(-1)?.replace(/^file:/, ''),
        cause: error,
      });
    }
    throw new XenferryError('TOOL_FAILED', `qemu-img ${args[0]}: ${detail}`, {
      cause: error,
    });
  }
}
