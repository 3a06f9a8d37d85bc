import { z } from 'zod';
import {
  isVsphereFault,
  type PropertyQuery,
  type RetrievedObject,
  type RetrieveOptions,
  retrieve,
  TEXT,
  type VsphereClient,
} from '../../vsphere/index.js';

const INVALID_PROPERTY = z.object({ name: TEXT });

/**
 * As `retrieve`, without the properties that the server's version does not know: it refuses the whole query otherwise.
 */
export async function* retrieveKnown(
  client: VsphereClient,
  query: PropertyQuery,
  options: RetrieveOptions,
): AsyncGenerator<RetrievedObject[]> {
  let { properties } = query;
  for (;;) {
    try {
      yield* retrieve(client, { ...query, properties }, options);
      return;
    } catch (error) {
      const fewer = withoutRefused(properties, error);
      if (fewer === null) throw error;
      properties = fewer;
    }
  }
}

/** The properties that are left after a refusal; null when it was for another reason. */
export function withoutRefused(properties: readonly string[], error: unknown): readonly string[] | null {
  if (!isVsphereFault(error, 'InvalidProperty')) return null;
  const name = INVALID_PROPERTY.safeParse(error.details).data?.name;
  if (name === undefined) return null;
  // Some versions name the last part of the path only.
  const left = properties.filter((property) => property !== name && !property.endsWith(`.${name}`));
  return left.length === properties.length ? null : left;
}
