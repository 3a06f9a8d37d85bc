import { resolve } from 'node:path';
import { loadProfiles } from '../guests/profiles/index.js';
import { XenferryError } from '../model/errors.js';
import type { Inventory } from '../model/inventory.js';
import type { VsphereReference } from '../model/vsphere-reference.js';
import { type Preparation, prepare, serverReference } from '../planning/index.js';
import { joinInventories, readInventory, readVsphere } from '../sources/index.js';

/** `label`: as the operator wrote it. */
export type NamedSource =
  | {
      readonly label: string;
      /** Absolute. */
      readonly path: string;
      readonly configuration: string | undefined;
    }
  | { readonly label: string; readonly server: VsphereReference };

/** Those that are given, or else those of the migration. Throws USAGE when there are none. */
export function namedSources(
  given: readonly string[],
  { migration, folder }: Preparation,
): readonly NamedSource[] {
  if (given.length > 0) {
    return given.map((label) => ({ label, path: resolve(label), configuration: undefined }));
  }
  const named = (migration.sources ?? []).map((one) => {
    if ('vsphere' in one) {
      const { vsphere: url, ...login } = one;
      return { label: url, server: serverReference({ url, ...login }, folder) };
    }
    const label = 'path' in one ? one.path : one.rvtools;
    return {
      label,
      path: resolve(folder, label),
      configuration: 'path' in one ? one.configuration : undefined,
    };
  });
  if (named.length > 0) return named;
  throw new XenferryError('USAGE', 'no source is given', {
    hint: 'Name a folder or file of exports, or a migration file that has sources.',
  });
}

/** All sources as one. Rejects with SOURCE_*, VSPHERE_*, CONFIG_INVALID for one that cannot be used at all. */
export async function readSources(sources: readonly NamedSource[]): Promise<Inventory> {
  const inventories = await Promise.all(
    sources.map(async (source) => ({
      label: source.label,
      inventory:
        'server' in source
          ? await readVsphere(source.server)
          : await readInventory(source.path, { configuration: source.configuration }),
    })),
  );
  return joinInventories(inventories);
}

/** The inventory that a migration file's plan is made of. Rejects with USAGE, CONFIG_INVALID, SOURCE_*, VSPHERE_*. */
export async function readMigrationSources(migration: string): Promise<Inventory> {
  return await readSources(namedSources([], await prepare(migration, await loadProfiles())));
}
