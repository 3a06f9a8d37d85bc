import type { ConvertedDisk, DiskConversionOptions } from '../../conversion/index.js';
import { XenferryError } from '../../model/errors.js';
import { MAX_VHD_BYTES } from '../../vhd/index.js';
import {
  type ImportFormat,
  importVdi,
  PoolFault,
  type Ref,
  runTask,
  type SrRecord,
  type XapiClient,
} from '../../xapi/index.js';
import { destroyVdi } from './destroy-vdi.js';
import { type VdiSpec, vdiRecord } from './device-records.js';
import { diskBody } from './disk-body.js';
import { type TransferPlace, withFreshAttempts } from './fresh-attempts.js';
import { SELF_KEY } from './ownership.js';
import type { Reservation } from './space-reservations.js';
import { isThick, startsZeroed } from './storage-space.js';

export interface VdiUpload {
  readonly vdi: VdiSpec;
  /** Of its repository. */
  readonly record: SrRecord;
  readonly place: TransferPlace;
  /** Taken where it can be; `chunked` suits every pool and every size. */
  readonly format: ImportFormat;
  readonly conversion: Omit<DiskConversionOptions, 'signal'>;
  /** Given back at the end. */
  readonly reservation: Reservation;
  /** Told when a VDI may have been made that nobody knows. */
  readonly onStray: () => void;
}

export interface UploadedVdi {
  readonly vdi: Ref;
  readonly uuid: string;
  /** Which the storage manager may have rounded up. */
  readonly virtualBytes: number;
  readonly converted: ConvertedDisk;
}

/**
 * A new VDI with the content of a disk, converted on its way. What breaks in the middle is removed and begun anew a
 * few times: what a host keeps of a broken upload nobody knows. After a failure no VDI is left but one whose making was
 * never answered. Rejects with the conversion's codes, POOL_*, CANCELED.
 */
export async function uploadVdi(client: XapiClient, upload: VdiUpload): Promise<UploadedVdi> {
  const { reservation, place } = upload;
  let again = false;
  try {
    return await withFreshAttempts(client, place, async (address) => {
      // A repository that ran full in the middle does not say so; its record does.
      if (again) await reservation.restart(place.signal);
      again = true;
      return await uploadOnce(client, upload, address);
    });
  } finally {
    reservation.release();
  }
}

async function uploadOnce(client: XapiClient, upload: VdiUpload, address: string): Promise<UploadedVdi> {
  const { record, conversion } = upload;
  // The conversion of a broken attempt must not go on beside the next.
  const attempt = new AbortController();
  const signal = AbortSignal.any([upload.place.signal, attempt.signal]);
  let made: Ref | null = null;
  try {
    const vdi = await makeVdi(client, upload, signal);
    made = vdi;
    // Of a repository that gives all at once, the record tells it from here on.
    if (isThick(record)) upload.reservation.release();
    const { uuid, virtual_size } = await client.call('VDI.get_record', [vdi], { signal });
    await client.call('VDI.add_to_other_config', [vdi, SELF_KEY, uuid], { signal });
    if (virtual_size < conversion.capacityBytes) {
      throw new XenferryError('POOL_REFUSED', `the repository made a disk of ${virtual_size} bytes only`, {
        file: client.shown,
      });
    }
    let converted: ConvertedDisk | undefined;
    const format = formatFor(upload);
    const overwrites = startsZeroed(record) ? 0 : virtual_size;
    const body = diskBody({ ...conversion, signal }, format, overwrites, (found) => {
      converted = found;
    });
    const pieces = counted(body.pieces, (bytes) => upload.reservation.use(bytes));
    await importVdi(client, { ...body, address, vdi, format, pieces, signal });
    if (converted === undefined) throw new XenferryError('INTERNAL', 'the conversion ended early');
    return { vdi, uuid, virtualBytes: virtual_size, converted };
  } catch (error) {
    attempt.abort();
    // The failure itself matters; what stays carries the job's id.
    if (made !== null) await destroyVdi(client, made).catch(() => {});
    throw error;
  }
}

/** Tells when it is not known whether a VDI was made. */
async function makeVdi(client: XapiClient, { vdi, onStray }: VdiUpload, signal: AbortSignal): Promise<Ref> {
  try {
    return await runTask(client, 'VDI.create', [vdiRecord(vdi)], { signal });
  } catch (error) {
    if (!(error instanceof PoolFault)) onStray();
    throw error;
  }
}

/** A VHD or qcow2 leaves out what is zeros already, and a VHD has a largest size. */
function formatFor({ format, record, conversion }: VdiUpload): ImportFormat {
  if (!startsZeroed(record)) return 'chunked';
  return format === 'vhd' && conversion.capacityBytes > MAX_VHD_BYTES ? 'chunked' : format;
}

async function* counted(
  pieces: AsyncIterable<Uint8Array>,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    yield piece;
    onBytes(piece.length);
  }
}
