import type { VddkSettings } from '../../model/live.js';
import { probeVddk } from '../../nbdkit/index.js';
import { failed } from './examine-source.js';
import type { Finding } from './finding.js';

/** Looks whether nbdkit can load its plugin and the operator's VDDK. Changes nothing; does not reject. */
export async function examineVddk(settings: VddkSettings): Promise<Finding> {
  const what = 'nbdkit and VDDK';
  try {
    return { what, state: 'ok', detail: await probeVddk(settings), remedy: '' };
  } catch (error) {
    return failed(what, error);
  }
}
