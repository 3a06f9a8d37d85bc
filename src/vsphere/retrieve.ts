import { XenferryError } from '../model/errors.js';
import { filterSpec, type PropertyQuery } from './property-query.js';
import type { ObjectPage } from './property-schemas.js';
import { type RetrievedObject, retrievedObject } from './retrieved-object.js';
import { isSessionLost } from './session-lost.js';
import { checkSession, cleaning, createView, type SessionCalls, sessionCalls } from './session-work.js';
import type { Ref, VimValue } from './vim-value.js';
import type { VsphereClient } from './vsphere-client.js';

/** What a vCenter gives at most, whatever it is asked for; a host would give everything at once. */
const PAGE_OBJECTS = 100;
/** Sessions in a row that end before they have told of anything new. */
const MAX_RENEWALS = 3;

export interface RetrieveOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Properties of objects, a page at a time, each object once, also when sessions end in between. What the server does not
 * give out is told by `missing`, nothing else is. Rejects as `VsphereClient.call` does. Needs System.Read.
 */
export async function* retrieve(
  client: VsphereClient,
  query: PropertyQuery,
  { signal }: RetrieveOptions = {},
): AsyncGenerator<RetrievedObject[]> {
  const seen = new Set<string>();
  for (let renewals = 0; ; ) {
    const before = seen.size;
    try {
      for await (const page of pagesOf(client, query, await sessionCalls(client, signal))) {
        const fresh = page.filter(({ ref }) => !seen.has(keyOf(ref)));
        for (const { ref } of fresh) seen.add(keyOf(ref));
        if (fresh.length > 0) yield fresh;
      }
      return;
    } catch (error) {
      renewals = seen.size === before ? renewals + 1 : 1;
      if (!isSessionLost(error) || renewals > MAX_RENEWALS) throw error;
    }
  }
}

/**
 * Properties of one object. Rejects as `VsphereClient.call` does, and with VSPHERE_DENIED or the like for properties
 * that it does not give out.
 */
export async function retrieveOne(
  client: VsphereClient,
  ref: Ref,
  properties: readonly string[],
  options: RetrieveOptions = {},
): Promise<Readonly<Record<string, VimValue | undefined>>> {
  for await (const [object] of retrieve(client, { objects: [ref], properties }, options)) {
    const [missing] = object?.missing ?? [];
    if (missing !== undefined) throw missing.fault;
    if (object !== undefined) return object.properties;
  }
  throw new XenferryError('VSPHERE_OBJECT_MISSING', `the server knows no ${ref.type} ${ref.value}`, {
    file: client.shown,
  });
}

async function* pagesOf(
  client: VsphereClient,
  query: PropertyQuery,
  calls: SessionCalls,
): AsyncGenerator<RetrievedObject[]> {
  if ('objects' in query && query.objects.length === 0) return;
  const view = 'objects' in query ? null : await createView(client, query, calls);
  try {
    for await (const page of tokenPages(client, query, view, calls)) {
      const objects = page.objects.map((object) => retrievedObject(object, client.shown));
      const faults = objects.flatMap(({ missing }) => missing.map(({ fault }) => fault));
      await checkSession(client, faults, calls);
      yield objects;
    }
  } finally {
    // It goes with the session otherwise.
    if (view !== null) await client.call('DestroyView', view, {}, cleaning(calls)).catch(() => {});
  }
}

async function* tokenPages(
  client: VsphereClient,
  query: PropertyQuery,
  view: Ref | null,
  calls: SessionCalls,
): AsyncGenerator<ObjectPage> {
  const { propertyCollector } = await client.content();
  const first = { specSet: filterSpec(query, view), options: { maxObjects: PAGE_OBJECTS } };
  let page = await client.call('RetrievePropertiesEx', propertyCollector, first, calls);
  let token: string | undefined;
  try {
    while (page !== undefined) {
      ({ token } = page);
      yield page;
      if (token === undefined) return;
      page = await client.call('ContinueRetrievePropertiesEx', propertyCollector, { token }, calls);
    }
  } finally {
    if (token !== undefined) {
      await client
        .call('CancelRetrievePropertiesEx', propertyCollector, { token }, cleaning(calls))
        .catch(() => {});
    }
  }
}

function keyOf({ type, value }: Ref): string {
  return `${type}:${value}`;
}
