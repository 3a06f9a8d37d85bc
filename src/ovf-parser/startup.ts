import type { OvfStart } from './ovf-types.js';
import { type Properties, shownProperties } from './properties.js';
import { isCollection, isSystem, sectionsAnywhere } from './sections.js';
import { attribute, booleanOf, childrenNamed, integerOf } from './xml-query.js';
import type { XmlElement } from './xml-tree.js';

/** Rank of what no StartupSection names: after everything that is named. */
const UNORDERED = Number.POSITIVE_INFINITY;

interface PlacedSystem {
  readonly element: XmlElement;
  /** Orders of the collections around it, outermost first, then its own. */
  readonly orders: readonly number[];
  readonly properties: Properties;
}

export interface SystemStart {
  readonly element: XmlElement;
  readonly start: OvfStart | null;
  /** Its own and those of all that is around it. */
  readonly properties: Properties;
}

interface Lookup {
  readonly entries: ReadonlyMap<string, XmlElement>;
  readonly configuration: string | null;
}

/**
 * All machines of the envelope in document order, each with its start and properties. In a flat vApp the order is the one the
 * StartupSection gives. Where collections nest, outer orders come before inner ones and the order is the rank, from
 * 1, in the whole sequence (DSP0243 1.1 §9.7). A StartupSection counts wherever it stands: ids are unique in a package.
 */
export function placedSystems(envelope: XmlElement, configuration: string | null): readonly SystemStart[] {
  const entries = startupEntries(envelope);
  const outermost = { orders: [], properties: shownProperties(envelope, new Map(), configuration) };
  const placed = systemsIn(envelope, outermost, { entries, configuration });
  const nested = placed.some(({ orders }) => orders.slice(0, -1).some((order) => order !== UNORDERED));
  const ranks = ranksOf(placed.map(({ orders }) => orders));
  return placed.map(({ element, orders, properties }) => {
    if (orders.every((order) => order === UNORDERED)) return { element, properties, start: null };
    const own = orders.at(-1) ?? UNORDERED;
    const order = nested ? (ranks.get(orders) ?? own) : own;
    return { element, properties, start: { order, ...timing(entries.get(attribute(element, 'id') ?? '')) } };
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

function systemsIn(
  container: XmlElement,
  outer: Omit<PlacedSystem, 'element'>,
  lookup: Lookup,
): readonly PlacedSystem[] {
  return container.children.flatMap((element) => {
    if (!isSystem(element) && !isCollection(element)) return [];
    const entry = lookup.entries.get(attribute(element, 'id') ?? '');
    const order = entry === undefined ? UNORDERED : (integerOf(attribute(entry, 'order')) ?? 0);
    const placed = {
      orders: [...outer.orders, order],
      properties: shownProperties(element, outer.properties, lookup.configuration),
    };
    return isSystem(element) ? [{ element, ...placed }] : systemsIn(element, placed, lookup);
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

/** Each one's rank from 1 in the sequence they start in; equal orders have one rank. */
function ranksOf(all: readonly (readonly number[])[]): ReadonlyMap<readonly number[], number> {
  const ranks = new Map<readonly number[], number>();
  let rank = 0;
  let previous: readonly number[] | undefined;
  for (const orders of [...all].sort(compareOrders)) {
    if (previous === undefined || compareOrders(previous, orders) !== 0) rank += 1;
    ranks.set(orders, rank);
    previous = orders;
  }
  return ranks;
}
