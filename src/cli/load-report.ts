import { Ledger, type LedgerPlace } from '../ledger/index.js';
import { XenferryError } from '../model/errors.js';
import { collectReport, type RunReport } from '../report/index.js';

/**
 * The report of the last batch of a target folder; `store`: its ledger, where it is elsewhere. Throws SOURCE_NOT_FOUND
 * when nothing ran there.
 */
export async function loadReport(
  target: string,
  store: LedgerPlace = { folder: target },
): Promise<RunReport> {
  const ledger = await Ledger.openForReading(store);
  try {
    const report = await collectReport(ledger, target);
    if (report === null)
      throw new XenferryError('SOURCE_NOT_FOUND', 'no batch was ever started here', { file: target });
    return report;
  } finally {
    await ledger.close();
  }
}
