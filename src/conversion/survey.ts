import { allocatedBlocks, type DiskImage, heldBlocks, LayeredImage } from '../disk-image/index.js';
import { type ImageSource, locatedImage, openImage } from '../images/index.js';
import { unlessAborted } from '../model/abort.js';
import { XenferryError } from '../model/errors.js';
import { BLOCK_BYTES, blockCount } from '../model/units.js';
import type { Disk } from '../model/virtual-machine.js';

/** What a disk's metadata tells without reading its data. */
export interface DiskSurvey {
  readonly source: ImageSource;
  readonly capacityBytes: number;
  /** One byte per 2 MiB block, 1 where it may hold data. */
  readonly allocated: Uint8Array;
  readonly dataBytes: number;
  /** Whether all of `dataBytes` surely is data; a flat file may be full of zeros. */
  readonly exact: boolean;
  /** Absolute paths or URLs of the files the disk consists of. */
  readonly files: readonly string[];
  /** What is amiss with the image and can be helped, in words. */
  readonly notes: readonly string[];
}

/**
 * The amounts of a machine's disk; of a compressed one only the size is known. Null when the disk has no file here: those
 * on a datastore are locked while the machine runs, and asking for thousands would take long.
 */
export async function surveyDisk({
  location,
  capacityBytes,
}: Disk): Promise<Pick<DiskSurvey, 'dataBytes' | 'exact' | 'notes'> | null> {
  if (location?.kind !== 'files') return null;
  if (location.compression !== null) {
    return { dataBytes: blockCount(capacityBytes) * BLOCK_BYTES, exact: false, notes: [] };
  }
  return await surveyImage(locatedImage(location));
}

/**
 * Opens an image and reads its allocation map. `signal` stops it within a second, even where the source does not
 * answer. Throws the formats' codes, SOURCE_*, TOOL_*, CANCELED.
 */
export async function surveyImage(source: ImageSource, signal?: AbortSignal): Promise<DiskSurvey> {
  return await survey(source, signal, allocatedBlocks);
}

/**
 * The same for what a snapshot changed: `allocated` has the blocks that it holds, zeros too.
 * Throws CONFIG_INVALID when the image is no snapshot.
 */
export async function surveyChanges(source: ImageSource, signal?: AbortSignal): Promise<DiskSurvey> {
  return await survey(source, signal, async (image) => {
    if (image instanceof LayeredImage) return await heldBlocks(image.upper);
    throw new XenferryError('CONFIG_INVALID', 'the input is a whole disk, not a snapshot of one', {
      file: image.files[0],
    });
  });
}

async function survey(
  source: ImageSource,
  signal: AbortSignal | undefined,
  mapOf: (image: DiskImage) => Promise<Uint8Array>,
): Promise<DiskSurvey> {
  const opening = openImage(source, signal);
  const image = await (signal === undefined ? opening : unlessAborted(signal, opening));
  const onAbort = () => image.close();
  signal?.addEventListener('abort', onAbort);
  try {
    const allocated = await mapOf(image);
    return {
      source,
      capacityBytes: image.byteLength,
      allocated,
      dataBytes: allocated.reduce((sum, flag) => sum + flag, 0) * BLOCK_BYTES,
      exact: image.exactMap,
      files: image.files,
      notes: image.notes,
    };
  } catch (error) {
    // A closed image fails in its own words.
    if (signal?.aborted === true) throw new XenferryError('CANCELED', 'the survey was stopped');
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
    image.close();
  }
}
