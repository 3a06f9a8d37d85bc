import { z } from 'zod';
import type { Ref, VsphereClient } from '../../vsphere/index.js';
import { retrieveOne, watchUpdates } from '../../vsphere/index.js';
import { readSourceMachine } from './source-machine.js';

/** Milliseconds that tasks are waited for: a machine may have some of others that go on for hours. */
const PATIENCE = 60_000;

/** `TaskInfo`, as far as it counts. */
const INFO = z.looseObject({ state: z.string() });

/**
 * Waits a while until nothing that was begun with a machine goes on: a call whose answer was lost may take effect yet.
 * Rejects as `retrieveOne` does.
 */
export async function tasksInFlight(client: VsphereClient, machine: Ref): Promise<void> {
  const enough = AbortSignal.timeout(Math.ceil(PATIENCE * client.patience.pauseScale));
  const { tasks } = await readSourceMachine(client, machine);
  for (const task of tasks) {
    if (!(await isUnderWay(client, task))) continue;
    try {
      for await (const { objects } of watchUpdates(client, [{ objects: [task], properties: ['info'] }], {
        signal: enough,
      })) {
        if (objects.every(({ kind, properties }) => kind === 'leave' || hasEnded(properties.info))) break;
      }
    } catch (error) {
      if (enough.aborted) return;
      throw error;
    }
  }
}

/** One that the server has forgotten is over. */
async function isUnderWay(client: VsphereClient, task: Ref): Promise<boolean> {
  const told = await retrieveOne(client, task, ['info']).catch(() => null);
  return told !== null && !hasEnded(told.info);
}

function hasEnded(info: unknown): boolean {
  const told = INFO.safeParse(info);
  return !told.success || !['queued', 'running'].includes(told.data.state);
}
