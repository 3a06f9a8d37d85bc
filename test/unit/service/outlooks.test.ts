import { describe, expect, it, vi } from 'vitest';
import { Ledger } from '../../../src/ledger/index.js';
import { jobsByEnd, Outlooks } from '../../../src/service/outlooks.js';
import { fillLedger, openTables } from '../../support/service-ledger.js';
import { tempFiles } from '../../support/temp-files.js';

const { folder } = tempFiles();

describe('outlooks', () => {
  it('are read once for all who ask at the same time, and again when the scheduler has spoken', async () => {
    const writer = await Ledger.open({ folder });
    const { batchId } = await fillLedger(writer, folder, 12);
    const reading = vi.spyOn(writer.views, 'outlook');
    const outlooks = new Outlooks(writer.views);
    try {
      const first = await Promise.all(Array.from({ length: 50 }, () => outlooks.ofBatch(batchId)));
      expect(reading).toHaveBeenCalledTimes(1);
      const ends = jobsByEnd(first[0] ?? expect.fail('there is an outlook')).map(({ endsAt }) => endsAt);
      expect(ends).toEqual(ends.toSorted((one, other) => one - other));
      expect(ends).toHaveLength(12);
      const db = openTables(folder);
      const { data } = await db.selectFrom('outlooks').select('data').executeTakeFirstOrThrow();
      const later = JSON.stringify({ ...JSON.parse(data), unfit: 7 });
      const at = Date.now() + 1000;
      await db.updateTable('outlooks').set({ at, data: later }).execute();
      await db.destroy();
      const second = await Promise.all(Array.from({ length: 50 }, () => outlooks.ofBatch(batchId)));
      expect(second.map((outlook) => [outlook?.at, outlook?.unfit])).toEqual(second.map(() => [at, 7]));
      expect(reading).toHaveBeenCalledTimes(2);
    } finally {
      await writer.close();
    }
  });
});
