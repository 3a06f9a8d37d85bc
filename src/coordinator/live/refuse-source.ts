import { XenferryError } from '../../model/errors.js';
import { formatBytes } from '../../model/format.js';
import type { LiveMove } from '../../model/live.js';
import { datastoreSpace, retrieveOne, type VsphereClient } from '../../vsphere/index.js';
import type { ChangedMachine } from './change-source.js';
import type { SourceMachine } from './source-machine.js';

/** A snapshot grows with what its machine writes: this part of its disks must be free on their datastore. */
const FREE_SHARE = 0.1;

/** Rejects with SOURCE_UNREADABLE for a machine that the server does not reach, VSPHERE_SHUTDOWN for one that is suspended. */
export async function refuseUnusable(
  client: VsphereClient,
  { connected, name, powerState, host }: SourceMachine,
  move: LiveMove,
  signal: AbortSignal,
): Promise<void> {
  const told =
    host === null ? null : await retrieveOne(client, host, ['runtime.connectionState'], { signal });
  const state = told?.['runtime.connectionState'] ?? 'connected';
  if (!connected || state !== 'connected') {
    throw new XenferryError('SOURCE_UNREADABLE', `${name}: its host is not connected to the vCenter`, {
      file: client.shown,
      hint: 'Connect the host again, or wait until it is, then run the same command again.',
    });
  }
  if (powerState === 'suspended' && move !== 'copy') {
    throw new XenferryError(
      'VSPHERE_SHUTDOWN',
      `${name} is suspended: what it holds in memory would be lost`,
      {
        file: client.shown,
        hint: 'Resume it and have it shut down, or power it off, then run the same command again.',
      },
    );
  }
}

/** Rejects with VSPHERE_NO_SPACE where a snapshot of the machine could fill a datastore. */
export async function refuseFullDatastores(
  client: VsphereClient,
  { disks, datastores }: SourceMachine,
  signal: AbortSignal,
): Promise<void> {
  for (const datastore of datastores) {
    const { name, free } = await datastoreSpace(client, datastore, { signal });
    const own = disks.filter(({ file }) => file.datastore === name);
    const needed = FREE_SHARE * own.reduce((sum, { capacityBytes }) => sum + capacityBytes, 0);
    if (free >= needed) continue;
    throw new XenferryError(
      'VSPHERE_NO_SPACE',
      `${name} has ${formatBytes(free)} free; beside a snapshot it takes ${formatBytes(needed)}`,
      { file: client.shown },
    );
  }
}

/** Of a machine that had to stay off. */
export function wasStarted({ client }: Pick<ChangedMachine, 'client'>): XenferryError {
  return new XenferryError('SOURCE_CHANGED', 'the machine was started while its disks were read', {
    file: client.shown,
  });
}
