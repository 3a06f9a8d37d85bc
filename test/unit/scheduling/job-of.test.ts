import { expect, test } from 'vitest';
import { GIB, MIB } from '../../../src/model/units.js';
import { UNKNOWN_PLACEMENT } from '../../../src/model/virtual-machine.js';
import { guessesOf, jobOf } from '../../../src/scheduling/index.js';
import { testDisk, testMachine, testPlanned } from '../../support/machines.js';

const FACTS = { link: 'LAN', converter: 'ferry01', folder: 'out', enlistedAt: 5 };

/** What the machine has its disks on, with the data of each. */
function planned(
  disks: readonly { datastore?: string; storage?: string; gib: number }[],
  host: string | null,
) {
  const machine = testMachine({
    name: 'db',
    placement: { ...UNKNOWN_PLACEMENT, host },
    disks: disks.map(({ datastore = null }) => testDisk({ datastore })),
    source: { kind: 'ovf', descriptor: 'exports/shop/shop.ovf' },
  });
  return testPlanned(machine, {
    disks: disks.map(({ gib, storage = null }) => ({ dataBytes: gib * GIB, certainBytes: 0, storage })),
  });
}

test('a machine goes through its host and, as its data lies, datastores and repositories', () => {
  const job = jobOf(
    planned(
      [
        { datastore: 'ds1', storage: 'sr1', gib: 30 },
        { datastore: 'ds2', storage: 'sr1', gib: 10 },
        { datastore: 'ds3', gib: 0 },
      ],
      'esx03',
    ),
    FACTS,
  );
  expect(job).toMatchObject({ name: 'db', bytes: 40 * GIB, wave: 'all', unit: null, enlistedAt: 5 });
  expect(job.hops).toEqual([
    { kind: 'host', name: 'esx03', share: 1 },
    { kind: 'datastore', name: 'ds1', share: 0.75 },
    { kind: 'datastore', name: 'ds2', share: 0.25 },
    { kind: 'link', name: 'LAN', share: 1 },
    { kind: 'threads', name: 'ferry01', share: 1 },
    { kind: 'repository', name: 'sr1', share: 1 },
  ]);
});

test('an export is known by its folder, files go to the target folder, also with nothing to move', () => {
  for (const gib of [0, 7]) {
    const { hops } = jobOf(planned([{ gib }, { gib }], null), FACTS);
    expect(hops.filter(({ kind }) => kind === 'datastore' || kind === 'repository')).toEqual([
      { kind: 'datastore', name: 'exports/shop', share: 1 },
      { kind: 'repository', name: 'out', share: 1 },
    ]);
  }
});

test('machines of an OVF with a start sequence are a vApp', () => {
  const machine = testMachine({ startOrder: 1, source: { kind: 'ovf', descriptor: 'shop.ovf' } });
  expect(jobOf(testPlanned(machine), FACTS).unit).toBe('shop.ovf');
});

test('the plan has the first word on rates', () => {
  const rates = {
    sourceMiBps: 100,
    networkMiBps: 900,
    threadMiBps: 300,
    targetMiBps: 200,
    secondsPerMachine: 5,
  };
  const onHost = jobOf(planned([{ datastore: 'ds1', gib: 1 }], 'esx03'), FACTS);
  const exported = jobOf(planned([{ gib: 1 }], null), FACTS);
  const guessOf = guessesOf(rates, 4, [onHost, exported]);
  const guesses = [onHost, exported].map(({ hops }) =>
    Object.fromEntries(hops.map((hop) => [hop.name, guessOf(hop) / MIB])),
  );
  expect(guesses).toEqual([
    { esx03: 100, ds1: 900, LAN: 900, ferry01: 1200, out: 200 },
    { 'exports/shop': 100, LAN: 900, ferry01: 1200, out: 200 },
  ]);
});
