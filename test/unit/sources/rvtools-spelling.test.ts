import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GIB, MIB } from '../../../src/model/units.js';
import { parseDate } from '../../../src/sources/rvtools/dates.js';
import { parseHeading } from '../../../src/sources/rvtools/headings.js';
import { DecimalEvidence, parseNumber } from '../../../src/sources/rvtools/numbers.js';
import { readRvtools } from '../../../src/sources/rvtools/read-rvtools.js';
import { type Spelling, spellCsv } from '../../support/rvtools-spelling.js';
import { makeXlsx, type Sheet } from '../../support/xlsx-maker.js';
import { Estate } from './estate.js';

let estate: Estate;
beforeEach(() => {
  estate = new Estate();
});
afterEach(() => estate.remove());

/** Read like the numbers of one tab. */
function numbersOf(...texts: readonly string[]): readonly number[] {
  const evidence = new DecimalEvidence();
  for (const text of texts) evidence.add(text);
  return texts.map((text) => parseNumber(text, evidence.mark));
}

describe('numbers', () => {
  test.each([
    ['1.024,5', 1024.5],
    ['1,024.5', 1024.5],
    ["1'024", 1024],
    ['1 024', 1024],
    ['1\u00a0024,25', 1024.25],
    ['1\u202f048\u202f576', 1_048_576],
    ['1.048.576', 1_048_576],
    ['0,512', 0.512],
    ['1024.512', 1024.512],
    ['-1', -1],
    // Alone it could be either; RVTools counts whole MiB.
    ['1,024', 1024],
    ['1.024', 1024],
  ])('%s is %d', (text, number) => {
    expect(numbersOf(text)).toEqual([number]);
  });

  test('that could be read in two ways are read as their tab writes the others', () => {
    expect(numbersOf('1.024', '2,5')).toEqual([1024, 2.5]);
    expect(numbersOf('1.024', '2.5')).toEqual([1.024, 2.5]);
  });

  test.each(['', 'n/a', '1;2', '12 34', '0x10', '1e5', '--1'])('%j is none', (text) => {
    expect(parseNumber(text, null)).toBeNaN();
  });
});

describe('dates', () => {
  test.each([
    ['2024/03/09 17:05:59', '2024-03-09T17:05:59'],
    ['2024-03-09T17:05:59Z', '2024-03-09T17:05:59Z'],
    ['09.03.2024 17:05', '2024-03-09T17:05:00'],
    ['3/3/2024 5:05:59 PM', '2024-03-03T17:05:59'],
    ['3/3/2024 12:00 AM', '2024-03-03T00:00:00'],
  ])('%s is %s', (text, iso) => {
    expect(parseDate(text, null)).toBe(iso);
  });

  test('that could be two days are read in the order of their tab, and without one not at all', () => {
    expect(parseDate('03/09/2024', 'month first')).toBe('2024-03-09T00:00:00');
    expect(parseDate('03/09/2024', 'day first')).toBe('2024-09-03T00:00:00');
    expect(parseDate('03/09/2024', null)).toBeUndefined();
    expect(parseDate('2024/02/30', null)).toBeUndefined();
  });
});

test.each([
  ['Capacity MiB', 'capacity', MIB],
  ['Video Ram KiB', 'videoram', 1024],
  ['In Use (GB)', 'inuse', GIB],
  ['Size MiB (total)', 'sizetotal', MIB],
  ['vUSB', 'vusb', MIB],
])('the heading %s', (heading, name, unit) => {
  expect(parseHeading(heading)).toEqual({ name, unit });
});

/** Names without what XML or a line of text cannot hold. */
const NAME = fc
  .string({ minLength: 1, maxLength: 20, unit: 'grapheme' })
  .filter((text) => text.trim() === text && !/[\p{Cc}\p{Cn}\p{Cs}\ufeff]|_x/iu.test(text));

interface ListedMachine {
  readonly name: string;
  readonly cpus: number;
  /** MiB, as sizes of disks. */
  readonly memory: number;
  readonly template: boolean;
  readonly note: string;
  readonly disks: readonly { readonly size: number; readonly thin: boolean }[];
}

/** Whole and half MiB, which every spelling can tell apart from grouped thousands. */
const SIZE = fc.integer({ min: 1, max: 8_000_000 }).map((halves) => halves / 2);

const ESTATE: fc.Arbitrary<ListedMachine[]> = fc.uniqueArray(
  fc.record({
    name: NAME,
    cpus: fc.integer({ min: 1, max: 768 }),
    memory: fc.integer({ min: 4, max: 6_000_000 }),
    template: fc.boolean(),
    note: NAME,
    disks: fc.array(fc.record({ size: SIZE, thin: fc.boolean() }), { maxLength: 4 }),
  }),
  { minLength: 1, maxLength: 6, selector: ({ name }) => name },
);

function sheetsOf(machines: readonly ListedMachine[]): readonly Sheet[] {
  const info: Sheet = {
    name: 'vInfo',
    rows: [
      ['VM', 'VM ID', 'CPUs', 'Memory MiB', 'Template', 'Annotation', 'owner'],
      ...machines.map(({ name, cpus, memory, template, note }, index) => {
        return [name, `vm-${index}`, cpus, memory, template, note, note];
      }),
    ],
  };
  const disks: Sheet = {
    name: 'vDisk',
    rows: [
      ['VM', 'VM ID', 'Disk', 'Disk Key', 'Capacity MiB', 'Thin'],
      ...machines.flatMap(({ name, disks }, machine) =>
        disks.map(({ size, thin }, index) => {
          return [name, `vm-${machine}`, `Hard disk ${index + 1}`, String(2000 + index), size, thin];
        }),
      ),
      // Tells the decimal mark whatever the others are.
      ['nobody', 'vm-x', 'Hard disk 1', '2000', 1234.5, false],
    ],
  };
  return [info, disks];
}

const SPELLING: fc.Arbitrary<Spelling> = fc.record({
  delimiter: fc.constantFrom(',', ';', '\t'),
  decimalMark: fc.constantFrom('.', ','),
  grouping: fc.constantFrom('', ' ', '\u00a0', '\u202f', "'", 'other mark'),
  unit: fc.constantFrom('MiB', 'MB', 'KiB'),
  yes: fc.constantFrom('True', 'WAHR', 'Vrai', '1'),
  no: fc.constantFrom('False', 'FALSCH', 'Faux', '0'),
  encoding: fc.constantFrom('utf8', 'utf16le'),
});

test('a list says the same as a workbook and as CSV in any spelling', async () => {
  await fc.assert(
    fc.asyncProperty(ESTATE, SPELLING, fc.boolean(), async (machines, spelling, backwards) => {
      const sheets = sheetsOf(machines);
      const workbook = await readRvtools(estate.write('list.xlsx', makeXlsx(sheets)));
      for (const { name, rows } of sheets) {
        const turned = backwards ? rows.map((row) => [...row].reverse()) : rows;
        estate.write(`csv/RVTools_tab${name}.csv`, spellCsv({ name, rows: turned }, spelling));
      }
      const csv = await readRvtools(path.join(estate.root, 'csv'));
      const told = [workbook, csv].map((list) =>
        list.machines.map((machine) => ({ ...machine, id: machine.id.replace(/^.*?#/, ''), source: null })),
      );
      expect(told[1]).toEqual(told[0]);
      expect(
        workbook.machines.map(({ name, cpus, memoryBytes, template, description, disks }) => ({
          name,
          cpus,
          memory: memoryBytes / MIB,
          template,
          note: description,
          disks: disks.map(({ capacityBytes, thin }) => ({ size: capacityBytes / MIB, thin })),
        })),
      ).toEqual(machines);
    }),
    { numRuns: 60 },
  );
});
