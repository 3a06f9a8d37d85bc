import { filterSpec, type PropertyQuery } from './property-query.js';
import type { ObjectUpdate as UpdateContent } from './property-schemas.js';
import { type MissingProperty, missingProperties } from './retrieved-object.js';
import { isSessionLost } from './session-lost.js';
import { checkSession, cleaning, createView, type SessionCalls, sessionCalls } from './session-work.js';
import type { Ref, VimValue } from './vim-value.js';
import type { VsphereClient } from './vsphere-client.js';

/** Seconds that a server waits for a change, if it is not to be told otherwise. */
const WAIT_SECONDS = 50;
/** Objects of one batch: what is left comes with the next. */
const BATCH_OBJECTS = 100;
/** Sessions in a row that end before they have told of anything. */
const MAX_RENEWALS = 3;

export interface WatchOptions {
  readonly signal?: AbortSignal | undefined;
  /** After so long without any change a batch without objects comes; 0 for what has changed by now. */
  readonly waitSeconds?: number | undefined;
}

/** What became of an object. */
export interface ObjectUpdate {
  readonly ref: Ref;
  /** It came or is told of first, it changed, it went. */
  readonly kind: 'enter' | 'modify' | 'leave';
  /** The whole new value of each property that changed, by path, and undefined for one that it has no more. */
  readonly properties: Readonly<Record<string, VimValue | undefined>>;
  readonly missing: readonly MissingProperty[];
}

export interface UpdateBatch {
  readonly objects: readonly ObjectUpdate[];
  /** All objects are told of from the beginning: what is known from before and does not come again is gone. */
  readonly afresh: boolean;
  /** Nothing is held back for the next batch: objects are as they were at one moment. */
  readonly complete: boolean;
}

/**
 * First all objects, then, for as long as it is asked, what changes; after a session has ended it begins anew.
 * Rejects as `VsphereClient.call` does. Needs System.Read.
 */
export async function* watchUpdates(
  client: VsphereClient,
  queries: readonly PropertyQuery[],
  { signal, waitSeconds = WAIT_SECONDS }: WatchOptions = {},
): AsyncGenerator<UpdateBatch, never> {
  for (let renewals = 1; ; renewals++) {
    try {
      const calls = await sessionCalls(client, signal);
      for await (const batch of batchesOf(client, queries, calls, waitSeconds)) {
        renewals = 0;
        yield batch;
      }
    } catch (error) {
      if (!isSessionLost(error) || renewals > MAX_RENEWALS) throw error;
    }
  }
}

/** A collector of its own: those who wait at one collector end each other's waiting. */
async function* batchesOf(
  client: VsphereClient,
  queries: readonly PropertyQuery[],
  calls: SessionCalls,
  waitSeconds: number,
): AsyncGenerator<UpdateBatch> {
  const { propertyCollector } = await client.content();
  const views: Ref[] = [];
  const collector = await client.call('CreatePropertyCollector', propertyCollector, {}, calls);
  try {
    for (const query of queries) {
      const view = 'objects' in query ? null : await createView(client, query, calls);
      if (view !== null) views.push(view);
      const parameters = { spec: filterSpec(query, view), partialUpdates: false };
      await client.call('CreateFilter', collector, parameters, calls);
    }
    yield* waitAgain(client, collector, calls, waitSeconds);
  } finally {
    // They go with the session otherwise.
    await client.call('DestroyPropertyCollector', collector, {}, cleaning(calls)).catch(() => {});
    for (const view of views) await client.call('DestroyView', view, {}, cleaning(calls)).catch(() => {});
  }
}

async function* waitAgain(
  client: VsphereClient,
  collector: Ref,
  calls: SessionCalls,
  waitSeconds: number,
): AsyncGenerator<UpdateBatch> {
  const maxWaitSeconds = Math.floor(Math.min(waitSeconds, client.patience.idle / 2_000));
  const options = { maxWaitSeconds, maxObjectUpdates: BATCH_OBJECTS };
  let version = '';
  for (let afresh = true; ; ) {
    const found = await client.call('WaitForUpdatesEx', collector, { version, options }, calls);
    const sets = found?.filterSet ?? [];
    const objects = sets.flatMap(({ objectSet }) =>
      objectSet.map((update) => objectUpdate(update, client.shown)),
    );
    await checkSession(
      client,
      objects.flatMap(({ missing }) => missing.map(({ fault }) => fault)),
      calls,
    );
    yield { objects, afresh, complete: found?.truncated !== true };
    version = found?.version ?? version;
    if (found?.truncated !== true) afresh = false;
  }
}

function objectUpdate({ obj, kind, changeSet, missingSet }: UpdateContent, server: string): ObjectUpdate {
  const properties = changeSet.map(({ name, op, val }): [string, VimValue | undefined] => [
    name,
    op === 'assign' || op === 'add' ? val : undefined,
  ]);
  return {
    ref: obj,
    kind,
    properties: Object.fromEntries(properties),
    missing: missingProperties(missingSet, server),
  };
}
