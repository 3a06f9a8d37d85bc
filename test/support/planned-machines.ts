import fc from 'fast-check';
import type { PlannedMachine } from '../../src/model/plan.js';
import { MIB } from '../../src/model/units.js';
import { usableName } from '../../src/planning/mapping/usable-name.js';
import { testDisk, testMachine, testNic, testPlanned } from './machines.js';

/** What breaks out of text in one file format or another, among ordinary letters. */
const HOSTILE = [
  '"',
  "'",
  '\\',
  '\n',
  '#',
  ']',
  ',',
  '=',
  '&',
  '<',
  '>',
  ']]>',
  '$(x)',
  '\\n',
  'ü',
  '"]\nx="',
  ' ',
];

/** As a plan has names: without control characters. */
export const anyName = fc
  .array(fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: 'grapheme', maxLength: 5 })), {
    maxLength: 12,
  })
  .map((parts) =>
    usableName(
      parts
        .join('')
        .toWellFormed()
        .replaceAll(/[\ufffe\uffff]/g, ''),
    ),
  );

const anyMac = fc
  .array(fc.integer({ min: 0, max: 255 }), { minLength: 5, maxLength: 5 })
  .map((bytes) => ['00', ...bytes.map((byte) => byte.toString(16).padStart(2, '0'))].join(':'));

/** Machines of any names and sizes, as a plan has them. */
export const plannedMachines: fc.Arbitrary<PlannedMachine> = fc
  .record({
    name: anyName,
    description: fc.string({ unit: 'grapheme' }),
    uuid: fc.option(fc.uuid()),
    firmware: fc.constantFrom('bios', 'efi'),
    coresPerSocket: fc.integer({ min: 1, max: 8 }),
    sockets: fc.integer({ min: 1, max: 8 }),
    memoryMib: fc.integer({ min: 1, max: 2 ** 22 }),
    capacities: fc.array(fc.integer({ min: 1, max: 2 ** 40 }), { minLength: 1, maxLength: 40 }),
    nics: fc.array(fc.record({ network: anyName, mac: fc.option(anyMac), connected: fc.boolean() }), {
      maxLength: 5,
    }),
  })
  .map(({ capacities, nics, sockets, coresPerSocket, memoryMib, ...facts }) => {
    const machine = testMachine({
      ...facts,
      cpus: sockets * coresPerSocket,
      coresPerSocket,
      memoryBytes: memoryMib * MIB,
      secureBoot: facts.firmware === 'efi',
      disks: capacities.map((capacityBytes) => testDisk({ capacityBytes })),
      nics: nics.map((nic) => testNic(nic)),
    });
    return testPlanned(machine);
  });
