import type { z } from 'zod';
import { list, REF, type Ref, vimObject, WHOLE_NUMBER } from '../../vsphere/index.js';
import { PRODUCT_PROPERTY, type ProductProperty } from './machine-schema.js';

/** `VAppEntityConfigInfo`: a machine or a vApp in a vApp. */
const ENTITY = vimObject({
  key: REF.optional(),
  startOrder: WHOLE_NUMBER.default(0),
  startDelay: WHOLE_NUMBER.default(0),
});

/** `VAppConfigInfo`. */
export const VAPP_CONFIG = vimObject({ entityConfig: list(ENTITY), property: list(PRODUCT_PROPERTY) });

export interface VApp {
  readonly ref: Ref;
  readonly parent: Ref | undefined;
  readonly config: z.output<typeof VAPP_CONFIG>;
}

/** What a vApp gives a machine in it. */
export interface VAppShare {
  /** Its own order in a flat vApp; where vApps nest, its rank from 1 in the whole sequence. */
  readonly startOrder: number;
  readonly startDelaySeconds: number;
  /** Of the vApps around it, outermost first. */
  readonly properties: readonly ProductProperty[];
}

interface Placed extends Omit<VAppShare, 'startOrder'> {
  readonly machine: string;
  /** Orders of the vApps around it, outermost first, then its own. */
  readonly orders: readonly number[];
}

/** Shares by the machines' object ids. */
export function vappShares(vapps: readonly VApp[]): ReadonlyMap<string, VAppShare> {
  const byId = new Map(vapps.map((vapp) => [vapp.ref.value, vapp]));
  const shares = new Map<string, VAppShare>();
  for (const vapp of vapps) {
    if (vapp.parent?.type === 'VirtualApp') continue;
    const placed = [...machinesIn(vapp, byId)];
    const nested = placed.some(({ orders }) => orders.length > 1);
    const ranks = nested ? ranksOf(placed) : null;
    for (const one of placed) {
      const { machine, orders, startDelaySeconds, properties } = one;
      const startOrder = ranks?.get(one) ?? orders.at(-1) ?? 0;
      shares.set(machine, { startOrder, startDelaySeconds, properties });
    }
  }
  return shares;
}

function* machinesIn(
  { ref, config }: VApp,
  byId: ReadonlyMap<string, VApp>,
  outer: Pick<Placed, 'orders' | 'properties'> = { orders: [], properties: [] },
  seen = new Set([ref.value]),
): Generator<Placed> {
  const properties = [...outer.properties, ...config.property];
  for (const { key, startOrder, startDelay } of config.entityConfig) {
    if (key === undefined) continue;
    const orders = [...outer.orders, startOrder];
    const inner = byId.get(key.value);
    if (inner === undefined) {
      yield { machine: key.value, orders, startDelaySeconds: Math.max(0, startDelay), properties };
    } else if (!seen.has(key.value)) {
      seen.add(key.value);
      yield* machinesIn(inner, byId, { orders, properties }, seen);
    }
  }
}

/** Each one's rank from 1 in the sequence they start in; equal orders have one rank. */
function ranksOf(placed: readonly Placed[]): ReadonlyMap<Placed, number> {
  const ranks = new Map<Placed, number>();
  let rank = 0;
  let previous: Placed | undefined;
  for (const one of [...placed].sort((a, b) => compareOrders(a.orders, b.orders))) {
    if (previous === undefined || compareOrders(previous.orders, one.orders) !== 0) rank += 1;
    ranks.set(one, rank);
    previous = one;
  }
  return ranks;
}

function compareOrders(a: readonly number[], b: readonly number[]): number {
  for (let level = 0; level < Math.max(a.length, b.length); level += 1) {
    const difference = (a[level] ?? 0) - (b[level] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
