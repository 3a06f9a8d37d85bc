import { Ledger, type LedgerPlace } from '../ledger/index.js';
import { LiveServers } from './live/live-servers.js';
import { sweepSources } from './live/sweep-sources.js';

/**
 * Takes back what the runs into a target folder have left at vCenters and ESXi hosts. `target`: absolute path. Resolves
 * with what was undone and what was not, one sentence each. Rejects with TARGET_BUSY, LEDGER_*.
 */
export async function cleanUpSources(
  place: LedgerPlace,
  target: string,
): Promise<{ readonly undone: readonly string[]; readonly left: readonly string[] }> {
  const ledger = await Ledger.open(place);
  const liveServers = new LiveServers();
  try {
    // A run that goes on must not lose what it reads.
    await ledger.lockTarget(target);
    return await sweepSources({ ledger, liveServers, target });
  } finally {
    await liveServers.close();
    await ledger.close();
  }
}
