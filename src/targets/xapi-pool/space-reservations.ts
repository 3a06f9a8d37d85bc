import { XenferryError } from '../../model/errors.js';
import { formatBytes } from '../../model/format.js';
import type { Ref, XapiClient } from '../../xapi/index.js';
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
  /** All that was used is free again, and still needed. */
  restart(): void;
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
    const storages = [...new Set(needs.map(({ storage }) => storage))];
    const records = await Promise.all(
      storages.map(
        async (storage) => [storage, await client.call('SR.get_record', [storage], { signal })] as const,
      ),
    );
    const known = new Map(records);
    const bytes = needs.map(({ storage, capacityBytes, dataBytes }) => {
      const record = known.get(storage);
      return record === undefined ? 0 : takenBytes(record, capacityBytes, dataBytes);
    });
    // From here on nothing waits: no other import can come in between.
    for (const [storage, record] of known) {
      const needed = needs.reduce(
        (sum, need, index) => sum + (need.storage === storage ? (bytes[index] ?? 0) : 0),
        0,
      );
      const left = freeBytes(record) - (this.#outstanding.get(storage) ?? 0);
      if (needed <= left) continue;
      const message = `${record.name_label} has ${formatBytes(Math.max(0, left))} left; the disks take up to ${formatBytes(needed)}`;
      throw new XenferryError('POOL_NO_SPACE', message, { file: client.shown });
    }
    return needs.map(({ storage }, index) => this.#put(storage, bytes[index] ?? 0));
  }

  #put(storage: Ref, wanted: number): Reservation {
    let held = 0;
    const hold = (bytes: number): void => {
      this.#outstanding.set(storage, (this.#outstanding.get(storage) ?? 0) + bytes - held);
      held = bytes;
    };
    hold(wanted);
    return {
      use: (bytes) => hold(Math.max(0, held - bytes)),
      restart: () => hold(wanted),
      release: () => hold(0),
    };
  }
}
