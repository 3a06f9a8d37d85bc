import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SourcePlaces } from '../../../src/coordinator/live/source-places.js';
import { type JobLedger, Ledger, type LedgerPlace } from '../../../src/ledger/index.js';
import { XenferryError } from '../../../src/model/errors.js';
import { newTarget, testStores } from '../../support/stores.js';
import { tempFiles } from '../../support/temp-files.js';

const { folder } = tempFiles();
const { signal: never } = new AbortController();
/** A machine that is busy with other tests takes nobody's place. */
const QUICK = { look: 5, beat: 20, doubt: 60_000, lease: 60_000 };
/** Of who never beats. */
const DEAD = { ...QUICK, beat: 60_000 };
const ESX = { name: 'esx01', limit: 8 };

describe.each(testStores())('places at a source, with a ledger in $name', ({ name, newPlace }) => {
  const open = async (place: LedgerPlace) => {
    const ledger = await Ledger.open(place);
    onTestFinished(() => ledger.close());
    return ledger;
  };

  /** Two processes where the store takes two, and the held jobs of a batch. */
  const world = async (jobs: number) => {
    const target = newTarget(folder);
    const place = await newPlace(target);
    const one = await open(place);
    const other = name === 'PostgreSQL' ? await open(place) : one;
    const batch = await one.beginBatch({ sources: 's', target, destination: '{}' });
    const spec = { planned: '{}', fingerprint: 'a', wave: 'all', dataBytes: 0 };
    const machines = Array.from({ length: jobs }, (_, index) => `vm${index}`);
    await one.enlist(
      batch,
      machines.map((machineId) => ({ ...spec, machineId, name: machineId })),
    );
    const held: JobLedger[] = [];
    for (const { id } of await one.jobs(batch)) held.push(await one.claim(id, 'w'));
    return { one, other, held };
  };
  const jobOf = (held: readonly JobLedger[], index: number) => {
    const job = held[index % held.length];
    if (job === undefined) throw new Error('no job');
    return job;
  };

  it('are never had by more than there are, whichever process asks, and all are served', async () => {
    const { one, other, held } = await world(6);
    const wish = fc.record({
      name: fc.constantFrom('esx01', 'esx02'),
      count: fc.integer({ min: 1, max: 12 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(wish, { maxLength: 12 }), async (wishes) => {
        const had = new Map<string, number>();
        let served = 0;
        const all = wishes.map(({ name, count }, index) =>
          new SourcePlaces((index % 2 === 0 ? one : other).places, jobOf(held, index), QUICK).hold(
            { name, limit: 8 },
            count,
            never,
            async () => {
              const taken = Math.min(count, 8);
              had.set(name, (had.get(name) ?? 0) + taken);
              expect(had.get(name)).toBeLessThanOrEqual(8);
              await new Promise((resolve) => setImmediate(resolve));
              had.set(name, (had.get(name) ?? 0) - taken);
              served++;
            },
          ),
        );
        await Promise.all(all);
        expect(served).toBe(wishes.length);
      }),
      { numRuns: 15 },
    );
  });

  it('are given to who came first, also when one before gives up waiting', async () => {
    const { one, held } = await world(3);
    const places = held.map((job) => new SourcePlaces(one.places, job, QUICK));
    const order: string[] = [];
    const first = gate();
    const begun = gate();
    const running = places[0]?.hold(ESX, 8, never, () => {
      begun.resolve();
      return first.promise;
    });
    await begun.promise;
    const impatient = new AbortController();
    const tired = places[1]?.hold(ESX, 8, impatient.signal, async () => {
      order.push('tired');
    });
    await delay(20);
    const small = places[2]?.hold(ESX, 1, never, async () => {
      order.push('small');
    });
    impatient.abort(new Error('enough'));
    await expect(tired).rejects.toThrow('enough');
    expect(order).toEqual([]);
    first.resolve();
    await Promise.all([running, small]);
    expect(order).toEqual(['small']);
  });

  it('come free when nobody beats for them any more, and when another has the job', async () => {
    const { one, other, held } = await world(3);
    const dead = new SourcePlaces(one.places, jobOf(held, 0), DEAD);
    const fenced = new SourcePlaces(one.places, jobOf(held, 1), QUICK);
    const late = gate();
    const hung: Promise<void>[] = [];
    for (const places of [dead, fenced]) {
      const begun = gate();
      const wait = () => {
        begun.resolve();
        return late.promise;
      };
      hung.push(places.hold(ESX, 4, never, wait));
      await begun.promise;
    }
    const next = new SourcePlaces(other.places, jobOf(held, 2), { ...QUICK, lease: 300 });
    // At once: the fence tells.
    await one.claim(jobOf(held, 1).jobId, 'another');
    await next.hold(ESX, 4, never, async () => {});
    // The other one only when its time is up.
    await next.hold(ESX, 8, never, async () => {});
    late.resolve();
    await Promise.all(hung);
  });

  it('are given up by who cannot tell any more that he has them, before others may take them', async () => {
    const { one, held } = await world(1);
    const { places: book } = one;
    const deaf = {
      queue: book.queue.bind(book),
      upTo: book.upTo.bind(book),
      leave: book.leave.bind(book),
      clear: book.clear.bind(book),
      beat: () => Promise.reject(new Error('cut')),
    };
    const places = new SourcePlaces(deaf, jobOf(held, 0), { ...QUICK, doubt: 60 });
    await places.hold(ESX, 8, never, async () => {
      await new Promise((resolve) => places.lost.addEventListener('abort', resolve));
      expect(await one.places.upTo('esx01', Number.MAX_SAFE_INTEGER)).toHaveLength(1);
    });
    expect(places.lost.reason).toMatchObject({ code: 'LEDGER_UNREACHABLE' });
    await expect(places.hold(ESX, 1, never, async () => {})).rejects.toBeInstanceOf(XenferryError);
  });

  it('are not asked for by who has lost the job', async () => {
    const { one, held } = await world(1);
    await one.claim(jobOf(held, 0).jobId, 'another');
    const places = new SourcePlaces(one.places, jobOf(held, 0), QUICK);
    await expect(places.hold(ESX, 1, never, async () => {})).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(await one.places.upTo('esx01', Number.MAX_SAFE_INTEGER)).toEqual([]);
  });
});

function gate(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
