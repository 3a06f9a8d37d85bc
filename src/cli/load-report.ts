import { Ledger } from '../ledger/index.js';
import { XenferryError } from '../model/errors.js';
import { collectReport, type RunReport } from '../report/index.js';

/** The report of the last batch of a target folder. Throws SOURCE_NOT_FOUND when nothing ran there. */
export async function loadReport(target: string): Promise<RunReport> {
  const ledger = await Ledger.openForReading({ folder: target });
  try {
    const report = await collectReport(ledger, target);
    if (report === null)
      throw new XenferryError('SOURCE_NOT_FOUND', 'no batch was ever started here', { file: target });
    return report;
  } finally {
    await ledger.close();
  }
}
