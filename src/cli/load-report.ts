import { XenferryError } from '../model/errors.js';
import { collectReport, type RunReport } from '../report/index.js';
import { type WantedBatch, withBatch } from './batch-option.js';

/** Rejects with SOURCE_NOT_FOUND when nothing ran there, LEDGER_*. */
export async function loadReport(wanted: WantedBatch): Promise<RunReport> {
  return await withBatch(wanted, async ({ id, target }, ledger) => {
    const report = await collectReport(ledger, target, id);
    if (report !== null) return report;
    throw new XenferryError('SOURCE_NOT_FOUND', 'the batch was removed', { file: target });
  });
}
