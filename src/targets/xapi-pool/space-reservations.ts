import { XenferryError } from '../../model/errors.js';
import { formatBytes } from '../../model/format.js';
import type { Ref, SrRecord, XapiClient } from '../../xapi/index.js';
import { freeBytes, takenBytes } from './storage-space.js';

/** A disk that is about to be made. */
export interface SpaceNeed {
  readonly storage: Ref;
  readonly capacityBytes: number;
  /** That may have to be stored. */
  readonly dataBytes: number;
}

/** Space that was put aside for one disk. */
export interface Reservation {
  /** So many more bytes of it are in use: the pool counts them from now on. */
  use(bytes: number): void;
  /** All that was used is free again, and still needed. Rejects as `SpaceReservations.reserve` does. */
  restart(signal: AbortSignal): Promise<void>;
  release(): void;
}

/** What running imports will still take of each repository, as no record of the pool tells it. */
export class SpaceReservations {
  readonly #outstanding = new Map<Ref, number>();

  /**
   * Puts space aside for all disks of a machine, in their order, or for none. The repositories' own figures are those
   * of their last scan. Rejects with POOL_NO_SPACE, or as `XapiClient.call` does.
   */
  async reserve(
    client: XapiClient,
    needs: readonly SpaceNeed[],
    signal: AbortSignal,
  ): Promise<Reservation[]> {
    const records = new Map<Ref, SrRecord>();
    for (const { storage } of needs) {
      if (records.has(storage)) continue;
      records.set(storage, await client.call('SR.get_record', [storage], { signal }));
    }
    const bytes = needs.map(({ storage, capacityBytes, dataBytes }) => {
      const record = records.get(storage);
      return record === undefined ? 0 : takenBytes(record, capacityBytes, dataBytes);
    });
    const sums = new Map<Ref, number>();
    for (const [index, { storage }] of needs.entries()) {
      sums.set(storage, (sums.get(storage) ?? 0) + (bytes[index] ?? 0));
    }
    // From here on nothing waits: no other import can come in between.
    for (const [storage, record] of records) {
      this.#expectRoom(client, storage, record, sums.get(storage) ?? 0);
    }
    return needs.map(({ storage }, index) => this.#put(client, storage, bytes[index] ?? 0));
  }

  #expectRoom(client: XapiClient, storage: Ref, record: SrRecord, needed: number): void {
    const left = freeBytes(record) - this.#held(storage);
    if (needed <= left) return;
    const message = `${record.name_label} has ${formatBytes(Math.max(0, left))} left; the disks take up to ${formatBytes(needed)}`;
    throw new XenferryError('POOL_NO_SPACE', message, { file: client.shown });
  }

  #put(client: XapiClient, storage: Ref, wanted: number): Reservation {
    let held = 0;
    const hold = (bytes: number): void => {
      this.#outstanding.set(storage, this.#held(storage) + bytes - held);
      held = bytes;
    };
    hold(wanted);
    return {
      use: (bytes) => hold(Math.max(0, held - bytes)),
      restart: async (signal) => {
        const record = await client.call('SR.get_record', [storage], { signal });
        hold(0);
        this.#expectRoom(client, storage, record, wanted);
        hold(wanted);
      },
      release: () => hold(0),
    };
  }

  #held(storage: Ref): number {
    return this.#outstanding.get(storage) ?? 0;
  }
}
