import { XenferryError } from '../model/errors.js';
import type { Ref } from './vim-value.js';
import type { VsphereClient } from './vsphere-client.js';

/** Instead of a moment: all that is allocated. */
export const ALL_ALLOCATED = '*';

/** What changed, in bytes. */
export interface ChangedArea {
  readonly start: number;
  readonly length: number;
}

export interface ChangeQuery {
  readonly machine: Ref;
  /** Up to which moment; of a machine that is off it may be left out. */
  readonly snapshot: Ref | null;
  /** `key` of the disk among the machine's devices. */
  readonly diskKey: number;
  /** Since which moment: `changeId` of the disk's backing in an earlier snapshot, or ALL_ALLOCATED. */
  readonly changeId: string;
  /** Bytes. */
  readonly capacity: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Where a disk differs from an earlier moment, ascending and up to its capacity. Rejects as `VsphereClient.call` does; a
 * fault, such as FileFault, means that nobody knows and all of the disk has to be read.
 */
export async function* changedAreas(client: VsphereClient, query: ChangeQuery): AsyncGenerator<ChangedArea> {
  const { machine, snapshot, diskKey, changeId, capacity, signal } = query;
  let offset = 0;
  while (offset < capacity) {
    const parameters = {
      snapshot: snapshot ?? undefined,
      deviceKey: diskKey,
      startOffset: offset,
      changeId,
    };
    const told = await client.call('QueryChangedDiskAreas', machine, parameters, { signal });
    const next = told.startOffset + told.length;
    if (told.startOffset !== offset || next <= offset) throw unusable(client, 'it tells about another part');
    let end = offset;
    for (const { start, length } of told.changedArea) {
      if (start < end || length <= 0 || start + length > next)
        throw unusable(client, 'its areas are no list');
      // What changed may be told in more than the disk has; of what there is that would cast doubt on all of it.
      if (changeId === ALL_ALLOCATED && start >= capacity)
        throw unusable(client, 'its areas are beyond the disk');
      end = start + length;
      // The last one may be told in whole blocks, which the disk has not.
      const inside = Math.min(length, capacity - start);
      if (inside > 0) yield { start, length: inside };
    }
    offset = next;
  }
}

function unusable(client: VsphereClient, what: string): XenferryError {
  return new XenferryError('VSPHERE_PROTOCOL', `QueryChangedDiskAreas: ${what}`, { file: client.shown });
}
