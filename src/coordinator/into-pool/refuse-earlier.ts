import { XenferryError } from '../../model/errors.js';
import type { PoolWork } from './pool-work.js';

/** The VM that an earlier run made may be in use by now: only its owner may say that it goes. */
export function refuseEarlier({ earlier, client }: PoolWork, mark: string): void {
  const vm = earlier.get(mark);
  if (vm === undefined) return;
  throw new XenferryError('TARGET_EXISTS', `an earlier run brought it as ${vm.name} (${vm.uuid})`, {
    file: client.shown,
    hint: 'Keep that one, or let xenferry cleanup --all remove it and run again.',
  });
}
