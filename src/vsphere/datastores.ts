import { z } from 'zod';
import { XenferryError } from '../model/errors.js';
import { type RetrieveOptions, retrieveOne } from './retrieve.js';
import { runTask, type TaskWatching } from './tasks.js';
import { list, REF, TEXT, vimObject, WHOLE_NUMBER } from './vim-schemas.js';
import type { Ref } from './vim-value.js';
import type { VsphereClient } from './vsphere-client.js';

/** Bytes. */
export interface DatastoreSpace {
  readonly name: string;
  readonly capacity: number;
  readonly free: number;
}

const SPACE = z.object({
  'summary.name': TEXT,
  'summary.capacity': WHOLE_NUMBER,
  'summary.freeSpace': WHOLE_NUMBER,
});

/** As the server saw it last. Rejects as `retrieveOne` does. Needs System.Read. */
export async function datastoreSpace(
  client: VsphereClient,
  datastore: Ref,
  options: RetrieveOptions = {},
): Promise<DatastoreSpace> {
  const told = SPACE.safeParse(await retrieveOne(client, datastore, Object.keys(SPACE.shape), options));
  if (!told.success) throw unusable(client, `${datastore.value} has no usable sizes`);
  const { 'summary.name': name, 'summary.capacity': capacity, 'summary.freeSpace': free } = told.data;
  return { name, capacity, free };
}

export interface DatastoreEntry {
  /** Name in its folder. */
  readonly name: string;
  /** Bytes; null where the server does not tell. */
  readonly length: number | null;
  readonly isFolder: boolean;
  /** As the server writes it: ISO 8601; null where it does not tell. */
  readonly modifiedAt: string | null;
}

/** `HostDatastoreBrowserSearchResults`. */
const FOUND = vimObject({
  file: list(
    z.object({
      _type: TEXT.optional(),
      path: TEXT,
      fileSize: WHOLE_NUMBER.optional(),
      modification: TEXT.optional(),
    }),
  ),
});

/**
 * What is in a folder of a datastore, such as `[datastore] vm`. Rejects as `runTask` does, with the fault FileNotFound
 * for none. Needs Datastore.Browse.
 */
export async function datastoreFolder(
  client: VsphereClient,
  datastore: Ref,
  folder: string,
  watching: TaskWatching = {},
): Promise<DatastoreEntry[]> {
  const browser = REF.safeParse(
    (await retrieveOne(client, datastore, ['browser'], { signal: watching.signal })).browser,
  );
  if (!browser.success) throw unusable(client, `${datastore.value} cannot be searched`);
  const searchSpec = {
    details: { fileType: true, fileSize: true, modification: true, fileOwner: false },
    matchPattern: ['*'],
  };
  const parameters = { datastorePath: folder, searchSpec };
  const found = FOUND.safeParse(
    await runTask(client, 'SearchDatastore_Task', browser.data, parameters, watching),
  );
  if (!found.success) throw unusable(client, `${folder} has no usable list of files`);
  return found.data.file.map(({ _type, path, fileSize, modification }) => ({
    name: path,
    length: fileSize ?? null,
    isFolder: _type === 'FolderFileInfo',
    modifiedAt: modification ?? null,
  }));
}

function unusable(client: VsphereClient, message: string): XenferryError {
  return new XenferryError('VSPHERE_PROTOCOL', message, { file: client.shown });
}
