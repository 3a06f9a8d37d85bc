import { createHash } from 'node:crypto';
import { datastoreFolder, type Ref, type VsphereClient } from '../../vsphere/index.js';
import type { ClaimedJob } from '../job.js';
import type { ChangedMachine } from './change-source.js';
import type { SourceMachine } from './source-machine.js';

/**
 * Tells whether files that blocks were read from are still the same, by their names, sizes and times of change; before it,
 * what is made of them.
 */
export async function versionOf(
  { client }: ChangedMachine,
  job: ClaimedJob,
  { disks, datastores }: SourceMachine,
): Promise<string> {
  const folders = new Set(disks.map(({ file }) => `[${file.datastore}] ${folderOf(file.path)}`));
  const hash = createHash('sha256').update(JSON.stringify(disks));
  for (const folder of [...folders].sort())
    hash.update(JSON.stringify(await filesIn(client, datastores, folder)));
  return `${job.fingerprint} ${hash.digest('hex')}`;
}

/** Of a version: what it says of the files alone. */
export function filesOf(version: string): string {
  return version.slice(version.indexOf(' ') + 1);
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** Of the disks' folder, wherever it is. */
async function filesIn(client: VsphereClient, datastores: readonly Ref[], folder: string): Promise<unknown> {
  for (const datastore of datastores) {
    const entries = await datastoreFolder(client, datastore, folder).catch(() => null);
    if (entries === null) continue;
    return entries
      .filter(({ name }) => name.endsWith('.vmdk'))
      .map(({ name, length, modifiedAt }) => [name, length, modifiedAt])
      .sort();
  }
  // Nobody can tell: no two of them are the same.
  return Math.random();
}
