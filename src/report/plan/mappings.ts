import type { Plan } from '../../model/plan.js';

/** Where the cards of a network go. */
export interface NetworkMapping {
  readonly from: string;
  readonly to: string;
  /** Whether a mapping or an override said so. */
  readonly mapped: boolean;
  readonly cards: number;
  readonly machines: number;
}

/** Where the disks of a datastore go. */
export interface StorageMapping {
  /** Null when the source does not tell. */
  readonly from: string | null;
  /** Null: the target folder. */
  readonly to: string | null;
  readonly disks: number;
  readonly capacityBytes: number;
  readonly dataBytes: number;
}

/** In the order in which the machines name them. */
export function networkMappings(plan: Plan): NetworkMapping[] {
  const found = new Map<string, NetworkMapping>();
  for (const { machine, nics } of plan.machines) {
    const seen = new Set<string>();
    for (const [index, { network: from }] of machine.nics.entries()) {
      const { network: to, mapped } = nics[index] ?? { network: from, mapped: false };
      const key = JSON.stringify([from, to, mapped]);
      const { cards, machines } = found.get(key) ?? { cards: 0, machines: 0 };
      found.set(key, { from, to, mapped, cards: cards + 1, machines: machines + (seen.has(key) ? 0 : 1) });
      seen.add(key);
    }
  }
  return [...found.values()];
}

/** In the order in which the machines name them. */
export function storageMappings(plan: Plan): StorageMapping[] {
  const found = new Map<string, StorageMapping>();
  for (const { machine, disks: planned } of plan.machines) {
    for (const [index, { datastore: from, capacityBytes }] of machine.disks.entries()) {
      const { storage: to, dataBytes } = planned[index] ?? { storage: null, dataBytes: 0 };
      const key = JSON.stringify([from, to]);
      const sum = found.get(key) ?? { disks: 0, capacityBytes: 0, dataBytes: 0 };
      found.set(key, {
        from,
        to,
        disks: sum.disks + 1,
        capacityBytes: sum.capacityBytes + capacityBytes,
        dataBytes: sum.dataBytes + dataBytes,
      });
    }
  }
  return [...found.values()];
}
