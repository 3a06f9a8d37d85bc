import type { OvfStart } from './ovf-types.js';
import { isCollection, isSystem, sectionsAnywhere } from './sections.js';
import { attribute, booleanOf, childrenNamed, integerOf } from './xml-query.js';
import type { XmlElement } from './xml-tree.js';

/** Rank of what no StartupSection names: after everything that is named. */
const UNORDERED = Number.POSITIVE_INFINITY;

interface PlacedSystem {
  readonly element: XmlElement;
  /** Orders of the collections around it, outermost first, then its own. */
  readonly orders: readonly number[];
}

export interface SystemStart {
  readonly element: XmlElement;
  readonly start: OvfStart | null;
}

/**
 * All machines of the envelope in document order, each with its start. In a flat vApp the order is the one the
 * StartupSection gives. Where collections nest, outer orders come before inner ones and the order is the rank, from
 * 1, in the whole sequence (DSP0243 1.1 §9.7). A StartupSection counts wherever it stands: ids are unique in a package.
 */
export function systemsWithStart(envelope: XmlElement): readonly SystemStart[] {
  const entries = startupEntries(envelope);
  const placed = placedSystems(envelope, [], entries);
  const nested = placed.some(({ orders }) => orders.slice(0, -1).some((order) => order !== UNORDERED));
  const sequence = placed.map(({ orders }) => orders).sort(compareOrders);
  return placed.map(({ element, orders }) => {
    if (orders.every((order) => order === UNORDERED)) return { element, start: null };
    const own = orders.at(-1) ?? UNORDERED;
    const order = nested ? rankOf(orders, sequence) : own;
    return { element, start: { order, ...timing(entries.get(attribute(element, 'id') ?? '')) } };
  });
}

function startupEntries(envelope: XmlElement): ReadonlyMap<string, XmlElement> {
  const entries = new Map<string, XmlElement>();
  for (const section of sectionsAnywhere(envelope, 'StartupSection')) {
    for (const item of childrenNamed(section, 'Item')) {
      const id = attribute(item, 'id');
      if (id !== null && !entries.has(id)) entries.set(id, item);
    }
  }
  return entries;
}

function placedSystems(
  container: XmlElement,
  outer: readonly number[],
  entries: ReadonlyMap<string, XmlElement>,
): readonly PlacedSystem[] {
  return container.children.flatMap((element) => {
    if (!isSystem(element) && !isCollection(element)) return [];
    const entry = entries.get(attribute(element, 'id') ?? '');
    const order = entry === undefined ? UNORDERED : (integerOf(attribute(entry, 'order')) ?? 0);
    const orders = [...outer, order];
    return isSystem(element) ? [{ element, orders }] : placedSystems(element, orders, entries);
  });
}

function timing(entry: XmlElement | undefined): Omit<OvfStart, 'order'> {
  if (entry === undefined) return { delaySeconds: 0, waitForGuest: false };
  return {
    delaySeconds: integerOf(attribute(entry, 'startDelay')) ?? 0,
    waitForGuest: booleanOf(attribute(entry, 'waitingForGuest')),
  };
}

function compareOrders(a: readonly number[], b: readonly number[]): number {
  for (let level = 0; level < Math.max(a.length, b.length); level += 1) {
    const left = a[level] ?? UNORDERED;
    const right = b[level] ?? UNORDERED;
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}

/** Rank from 1 of `orders` among the distinct entries of the sorted `sequence`. */
function rankOf(orders: readonly number[], sequence: readonly (readonly number[])[]): number {
  let rank = 0;
  let previous: readonly number[] | undefined;
  for (const entry of sequence) {
    if (compareOrders(entry, orders) > 0) break;
    if (previous === undefined || compareOrders(previous, entry) !== 0) rank += 1;
    previous = entry;
  }
  return rank;
}
