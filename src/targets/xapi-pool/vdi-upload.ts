import type { ConvertedDisk, DiskConversionOptions } from '../../conversion/index.js';
import { XenferryError } from '../../model/errors.js';
import { type ImportFormat, importVdi, type Ref, runTask, type XapiClient } from '../../xapi/index.js';
import { destroyVdi } from './destroy-vdi.js';
import { type VdiSpec, vdiRecord } from './device-records.js';
import { diskBody } from './disk-body.js';
import { withFreshAttempts } from './fresh-attempts.js';
import { SELF_KEY } from './ownership.js';
import type { StorageView } from './pool-view.js';
import { startsZeroed } from './storage-space.js';
import type { TransferSlots } from './transfer-slots.js';

export interface VdiUpload {
  readonly vdi: VdiSpec;
  readonly storage: StorageView;
  readonly slots: TransferSlots;
  /** `chunked` suits every pool and every size. */
  readonly format: ImportFormat;
  readonly conversion: DiskConversionOptions;
  readonly signal: AbortSignal;
}

export interface UploadedVdi {
  readonly vdi: Ref;
  /** Which the storage manager may have rounded up. */
  readonly virtualBytes: number;
  readonly converted: ConvertedDisk;
}

/**
 * A new VDI with the content of a disk, converted on its way. What breaks in the middle is removed and begun anew a
 * few times: what a host keeps of a broken upload nobody knows. After a failure no VDI is left. Rejects with the
 * conversion's codes, POOL_*, CANCELED.
 */
export async function uploadVdi(client: XapiClient, upload: VdiUpload): Promise<UploadedVdi> {
  const { addresses } = upload.storage;
  const failed = new Set<string>();
  return await withFreshAttempts(client, upload.signal, async () => {
    // A host that is down stays so for a while; it would always be the least busy one.
    const others = addresses.filter((address) => !failed.has(address));
    return await uploadOnce(client, upload, others.length > 0 ? others : addresses, (address) =>
      failed.add(address),
    );
  });
}

async function uploadOnce(
  client: XapiClient,
  upload: VdiUpload,
  addresses: readonly string[],
  onFailure: (address: string) => void,
): Promise<UploadedVdi> {
  const { storage, slots, format, conversion } = upload;
  const slot = await slots.take(upload.vdi.sr, addresses, upload.signal);
  // The conversion of a broken attempt must not go on beside the next.
  const attempt = new AbortController();
  const signal = AbortSignal.any([upload.signal, attempt.signal]);
  let made: Ref | null = null;
  try {
    const vdi = await runTask(client, 'VDI.create', [vdiRecord(upload.vdi)], { signal });
    made = vdi;
    const { uuid, virtual_size } = await client.call('VDI.get_record', [vdi], { signal });
    await client.call('VDI.add_to_other_config', [vdi, SELF_KEY, uuid], { signal });
    if (virtual_size < conversion.capacityBytes) {
      throw new XenferryError('POOL_REFUSED', `the repository made a disk of ${virtual_size} bytes only`, {
        file: client.shown,
      });
    }
    let converted: ConvertedDisk | undefined;
    const body = diskBody({ ...conversion, signal }, format, startsZeroed(storage.record), (found) => {
      converted = found;
    });
    await importVdi(client, { address: slot.address, vdi, format, ...body, signal });
    if (converted === undefined) throw new XenferryError('INTERNAL', 'the conversion ended early');
    return { vdi, virtualBytes: virtual_size, converted };
  } catch (error) {
    attempt.abort();
    onFailure(slot.address);
    // The failure itself matters; what stays carries the job's id.
    if (made !== null) await destroyVdi(client, made).catch(() => {});
    throw error;
  } finally {
    slot.release();
  }
}
