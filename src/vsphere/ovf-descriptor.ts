import { XenferryError } from '../model/errors.js';
import type { Ref } from './vim-value.js';
import type { VsphereClient } from './vsphere-client.js';
import { localizedFault } from './vsphere-fault.js';

/** A file of an export, as its descriptor is to name it. */
export interface ExportedFile {
  /** `key` of the lease's device. */
  readonly deviceId: string;
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/**
 * The OVF descriptor of a machine and the files that were exported. Rejects as `VsphereClient.call` does, or with the
 * fault that kept the server from writing it. Needs VApp.Export.
 */
export async function ovfDescriptor(
  client: VsphereClient,
  machine: Ref,
  { name, files }: { readonly name: string; readonly files: readonly ExportedFile[] },
  signal?: AbortSignal,
): Promise<string> {
  const { ovfManager } = await client.content();
  if (ovfManager === undefined) {
    throw new XenferryError('VSPHERE_PROTOCOL', 'the server writes no OVF descriptors', {
      file: client.shown,
    });
  }
  const ovfFiles = files.map(({ deviceId, path, size }) => ({ deviceId, path, size }));
  const told = await client.call(
    'CreateDescriptor',
    ovfManager,
    { obj: machine, cdp: { ovfFiles, name } },
    { signal },
  );
  const [error] = told.error;
  if (error !== undefined) throw localizedFault(error, { what: 'CreateDescriptor', server: client.shown });
  return told.ovfDescriptor;
}
