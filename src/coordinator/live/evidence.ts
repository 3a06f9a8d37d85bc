import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../io/make-folder.js';
import { isCanceled, toXenferryError } from '../../model/errors.js';
import { ovfDescriptor } from '../../vsphere/index.js';
import type { BatchContext, ClaimedJob } from '../job.js';
import type { ChangedMachine } from './change-source.js';

/** In the target folder. */
const FOLDER = 'evidence';

/**
 * Keeps what the server says of a machine before it is moved, as an OVF descriptor beside the report. A server that does
 * not tell costs no machine: it is noted. Rejects with CANCELED, LEASE_LOST.
 */
export async function keepEvidence(
  { target, signal }: Pick<BatchContext, 'target' | 'signal'>,
  { planned, held }: ClaimedJob,
  { client, machine }: Pick<ChangedMachine, 'client' | 'machine'>,
): Promise<void> {
  const name = planned.output.replace(/\.xva$/, '');
  try {
    const descriptor = await ovfDescriptor(client, machine, { name: planned.name, files: [] }, signal);
    await makeFolder(join(target, FOLDER));
    await writeFile(join(target, FOLDER, `${name}.ovf`), descriptor);
  } catch (error) {
    if (signal.aborted || isCanceled(error)) throw error;
    const { message } = toXenferryError(error);
    await held.addNotes([`its OVF descriptor could not be kept as evidence: ${message}`]);
  }
}
