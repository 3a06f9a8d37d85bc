import { z } from 'zod';
import { XenferryError } from '../../model/errors.js';
import type { Problem } from '../../model/inventory.js';
import type { VsphereReference } from '../../model/vsphere-reference.js';
import type { RetrieveOptions, VsphereClient } from '../../vsphere/index.js';
import { problemOf } from '../problems.js';
import type { RestSession } from './rest-session.js';

/** A vCenter has some thousand tags at most, of which each is asked for alone. */
const MAX_TAGS = 10_000;
/** Requests at a time, and tags whose objects are asked for at once. */
const AT_ONCE = 4;
const TAGS_AT_ONCE = 100;

const ID = z.string().regex(/^[\w:.@-]{1,256}$/);
/** Nothing where there is none. */
const IDS = z
  .array(ID)
  .max(MAX_TAGS)
  .nullable()
  .transform((ids) => ids ?? []);
const TAG = z.object({ id: ID, name: z.string(), category_id: ID });
const CATEGORY = z.object({ name: z.string() });
const ATTACHED = z.array(
  z.object({ tag_id: z.string(), object_ids: z.array(z.object({ id: z.string(), type: z.string() })) }),
);

export interface ReadTags {
  /** Names by the machines' object ids; a name that several categories have as `category/name`. */
  readonly tags: ReadonlyMap<string, readonly string[]>;
  readonly problems: readonly Problem[];
}

/** The tags of all machines. Where they cannot be read, a warning says so. Rejects with CANCELED only. */
export async function readTags(
  client: VsphereClient,
  server: VsphereReference,
  { signal }: RetrieveOptions,
): Promise<ReadTags> {
  try {
    // Loading undici takes longer than reading a folder: only who speaks to a server pays for it.
    const { RestSession } = await import('./rest-session.js');
    const session = await RestSession.open(client, server, signal);
    try {
      return { tags: await attachedTags(session), problems: [] };
    } finally {
      await session.close();
    }
  } catch (error) {
    if (error instanceof XenferryError && error.code === 'CANCELED') throw error;
    const isKnown = error instanceof XenferryError;
    const code = isKnown ? error.code : 'VSPHERE_PROTOCOL';
    const reason = isKnown ? error.message : 'an answer is none of vSphere’s';
    const message = `tags are not known: ${reason}`;
    const hint =
      'Nothing, unless machines are selected by tags: then see that the user may use the REST interface.';
    return {
      tags: new Map(),
      problems: [problemOf('warning', code, message, { file: client.shown, machineId: null }, hint)],
    };
  }
}

async function attachedTags(session: RestSession): Promise<ReadonlyMap<string, readonly string[]>> {
  const ids = IDS.parse(await session.get('/tag'));
  const tags = await inTurns(ids, async (id) => TAG.parse(await session.get('/tag', id)));
  const names = await shownNames(session, tags);
  const attached = new Map<string, string[]>();
  for (let start = 0; start < ids.length; start += TAGS_AT_ONCE) {
    const tagIds = ids.slice(start, start + TAGS_AT_ONCE);
    const body = { tag_ids: tagIds };
    const found = ATTACHED.parse(
      await session.act('/tag-association', 'list-attached-objects-on-tags', body),
    );
    for (const { tag_id: tag, object_ids: objects } of found) {
      const name = names.get(tag);
      if (name === undefined) continue;
      for (const { id, type } of objects) {
        if (type !== 'VirtualMachine') continue;
        const known = attached.get(id);
        if (known === undefined) attached.set(id, [name]);
        else known.push(name);
      }
    }
  }
  for (const machine of attached.values()) machine.sort();
  return attached;
}

/** By the tags' ids. */
async function shownNames(
  session: RestSession,
  tags: readonly z.output<typeof TAG>[],
): Promise<ReadonlyMap<string, string>> {
  const counts = new Map<string, number>();
  for (const { name } of tags) counts.set(name, (counts.get(name) ?? 0) + 1);
  const unclear = tags.filter(({ name }) => (counts.get(name) ?? 0) > 1);
  const ids = [...new Set(unclear.map((tag) => tag.category_id))];
  const categories = new Map(
    await inTurns(ids, async (id) => [id, CATEGORY.parse(await session.get('/category', id)).name] as const),
  );
  return new Map(
    tags.map(({ id, name, category_id: category }) => [
      id,
      categories.has(category) && (counts.get(name) ?? 0) > 1 ? `${categories.get(category)}/${name}` : name,
    ]),
  );
}

async function inTurns<T, R>(all: readonly T[], ask: (one: T) => Promise<R>): Promise<R[]> {
  const found: R[] = [];
  for (let start = 0; start < all.length; start += AT_ONCE) {
    found.push(...(await Promise.all(all.slice(start, start + AT_ONCE).map(ask))));
  }
  return found;
}
