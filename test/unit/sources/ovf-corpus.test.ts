import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Problem } from '../../../src/model/inventory.js';
import { MIB } from '../../../src/model/units.js';
import type { VirtualMachine } from '../../../src/model/virtual-machine.js';
import { readInventory } from '../../../src/sources/index.js';

const FOLDER = 'test/corpus/ovf';

/** The head of `facts.yaml` explains the fields. */
const CASE = z.strictObject({
  machines: z.array(z.record(z.string(), z.unknown())).default([]),
  problems: z.array(z.string()).default([]),
  says: z.array(z.string()).default([]),
  missing: z.array(z.string()).optional(),
  refused: z.string().optional(),
  configuration: z.string().optional(),
});

const facts = z.record(z.string(), CASE).parse(parse(readFileSync(path.join(FOLDER, 'facts.yaml'), 'utf8')));

describe('the OVF corpus', () => {
  test('has facts of every descriptor, and no others', () => {
    const files = readdirSync(FOLDER).filter((name) => name !== 'facts.yaml');
    expect(Object.keys(facts).sort()).toEqual(files.sort());
    expect(files.length).toBeGreaterThanOrEqual(105);
  });

  test.each(Object.entries(facts))('means what its facts say: %s', async (name, expected) => {
    const { configuration } = expected;
    const { machines, problems } = await readInventory(path.join(FOLDER, name), { configuration });
    const lost = problems.filter(isLostDisk).map(({ file }) => file);
    const others = problems.filter((problem) => !isLostDisk(problem));
    const told = others.map(({ severity, code, line }) => `${severity} ${code} ${line}`);
    for (const problem of problems) expect(problem.hint).not.toBe('');

    if (expected.refused !== undefined) {
      expect(machines).toEqual([]);
      expect(told).toEqual([`critical ${expected.refused}`]);
      return;
    }
    expect(machines.map(factsOf)).toMatchObject(expected.machines);
    expect(told.sort()).toEqual([...expected.problems].sort());
    expect(lost).toEqual(expected.missing ?? ['disk1.vmdk']);
    const messages = others.map(({ message }) => message).join('\n');
    for (const pattern of expected.says) expect(messages).toMatch(new RegExp(pattern));
  });
});

function isLostDisk({ severity, code }: Problem): boolean {
  return severity === 'critical' && code === 'OVF_FILE_MISSING';
}

/** A machine with its sizes in the units of the facts as well, and lists that can be compared whole. */
function factsOf(machine: VirtualMachine): Record<string, unknown> {
  const settingKeys = Object.keys(machine.settings);
  return {
    ...machine,
    memoryMiB: machine.memoryBytes / MIB,
    disks: machine.disks.map((disk) => ({ ...disk, capacityMiB: disk.capacityBytes / MIB })),
    settingKeys,
    settingCount: settingKeys.length,
    propertyKeys: Object.keys(machine.properties),
  };
}
