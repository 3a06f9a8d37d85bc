import { formatBytes } from '../../model/format.js';
import type { Concern, PlannedDisk } from '../../model/plan.js';
import type { Ref } from '../../xapi/index.js';
import { poolConcern } from './pool-concern.js';
import type { PoolView } from './pool-view.js';
import { freeBytes, takenBytes } from './storage-space.js';

/** What all disks that were given a repository take of it together. */
export class SpaceCount {
  readonly #view: PoolView;
  readonly #taken = new Map<Ref, { certain: number; likely: number }>();

  constructor(view: PoolView) {
    this.#view = view;
  }

  /** Nothing for a repository that is none. */
  add(storage: Ref, capacityBytes: number, { certainBytes, dataBytes }: PlannedDisk): void {
    const record = this.#view.storage.get(storage)?.record;
    if (record === undefined) return;
    const sum = this.#taken.get(storage) ?? { certain: 0, likely: 0 };
    sum.certain += takenBytes(record, capacityBytes, certainBytes);
    sum.likely += takenBytes(record, capacityBytes, dataBytes);
    this.#taken.set(storage, sum);
  }

  /** Bytes that are left when all of them are there; less than 0 when they do not fit. */
  left(storage: Ref): number {
    const record = this.#view.storage.get(storage)?.record;
    return record === undefined ? 0 : freeBytes(record) - (this.#taken.get(storage)?.likely ?? 0);
  }

  concerns(): Concern[] {
    return [...this.#taken].flatMap(([ref, { certain, likely }]): Concern[] => {
      const record = this.#view.storage.get(ref)?.record;
      if (record === undefined || likely <= freeBytes(record)) return [];
      const free = freeBytes(record);
      const message = `${record.name_label} has ${formatBytes(free)} free; the machines take up to ${formatBytes(likely)}`;
      const severity = certain > free ? 'critical' : 'warning';
      return [poolConcern('POOL_NO_SPACE', severity, record.name_label, message)];
    });
  }
}
