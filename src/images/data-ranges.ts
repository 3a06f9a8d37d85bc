import { SourceFile } from '../io/source-file.js';
import { XenferryError } from '../model/errors.js';
import { NbdSource } from '../nbd/index.js';
import { qemuImgDataRanges } from '../qemu-img/index.js';
import type { DataRanges } from '../vmdk-reader/index.js';

/** Where flat bytes hold data, as far as anybody tells; elsewhere everything is taken for data. */
export function dataRangesOf(signal: AbortSignal | undefined): DataRanges {
  return async (source) => {
    if (source instanceof NbdSource) return await source.dataRanges();
    const ranges = source instanceof SourceFile ? await fileRanges(source, signal) : null;
    return ranges ?? [{ start: 0, end: source.length }];
  };
}

/** Null without qemu-img, which alone tells the holes of a file. */
async function fileRanges(
  { path, base }: SourceFile,
  signal: AbortSignal | undefined,
): Promise<Array<{ start: number; end: number }> | null> {
  try {
    const ranges = await qemuImgDataRanges(path, { signal });
    return ranges.map(({ start, end }) => ({ start: start - base, end: end - base }));
  } catch (error) {
    if (!(error instanceof XenferryError) || error.code !== 'TOOL_MISSING') throw error;
    return null;
  }
}
