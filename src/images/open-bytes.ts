import { HttpSource } from '../http-source/index.js';
import type { ByteSource } from '../io/byte-source.js';
import { JoinedSource } from '../io/joined-source.js';
import { SourceFile } from '../io/source-file.js';
import type { DatastoreLocation, FileRange } from '../model/virtual-machine.js';
import { openNbd } from '../nbd/index.js';
import { datastoreUrl, openFolderSession } from '../vsphere/index.js';
import type { ByteLocation, HttpLocation } from './image-source.js';

const truncatedCode = 'VMDK_TRUNCATED';

/** Opens what is at a location. Rejects with SOURCE_*, HTTP_*, NBD_*, VSPHERE_*, CONFIG_INVALID, VMDK_TRUNCATED. */
export async function openBytes(location: ByteLocation): Promise<ByteSource> {
  switch (location.kind) {
    case 'files':
      return openFiles(location.ranges);
    case 'http':
      return await HttpSource.open(location.url, { tlsFingerprints: pinned(location), truncatedCode });
    case 'datastore':
      return await openDatastoreFile(location);
    case 'nbd':
      return await openNbd(location.uri, { truncatedCode });
  }
}

function pinned({ tlsFingerprint }: HttpLocation): string[] {
  return tlsFingerprint === undefined ? [] : [tlsFingerprint];
}

/** The date of a file of a datastore may move on, from another host or in another cache, while nobody writes to it. */
async function openDatastoreFile({ server, ...place }: DatastoreLocation): Promise<ByteSource> {
  const { href } = datastoreUrl(server.url, place);
  return await HttpSource.open(href, {
    tlsFingerprints: server.tlsFingerprints,
    session: openFolderSession(server),
    sameByLength: true,
    truncatedCode,
  });
}

function openFiles(ranges: readonly FileRange[]): ByteSource {
  const files: SourceFile[] = [];
  try {
    for (const range of ranges) files.push(SourceFile.open(range, truncatedCode));
  } catch (error) {
    for (const file of files) file.close();
    throw error;
  }
  const [only] = files;
  return files.length === 1 && only !== undefined ? only : new JoinedSource(files);
}
