import { XenferryError } from '../../../model/errors.js';
import type { Ref, XapiClient } from '../../../xapi/index.js';

const LOCKED = ['start', 'start_on'];
const REASON = 'Xenferry: its disks are being moved';

/**
 * Does something to a halted VM that nobody may start meanwhile. What was locked before stays so. Rejects with
 * POOL_REFUSED when it is not halted, and as `action` does.
 */
export async function whileLocked<T>(client: XapiClient, vm: Ref, action: () => Promise<T>): Promise<T> {
  const { blocked_operations } = await client.call('VM.get_record', [vm]);
  const locked: string[] = [];
  try {
    for (const operation of LOCKED) {
      if (Object.hasOwn(blocked_operations, operation)) continue;
      await client.call('VM.add_to_blocked_operations', [vm, operation, REASON]);
      locked.push(operation);
    }
    // Only now nobody can change it any more.
    const { power_state, name_label } = await client.call('VM.get_record', [vm]);
    if (power_state !== 'Halted') {
      throw new XenferryError('POOL_REFUSED', `${name_label} was started meanwhile`, { file: client.shown });
    }
    return await action();
  } finally {
    // Where this fails, the reason that the pool gives for the lock names us.
    for (const operation of locked) {
      await client.call('VM.remove_from_blocked_operations', [vm, operation]).catch(() => {});
    }
  }
}
