import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Problem } from '../../../src/model/inventory.js';
import { readInventory } from '../../../src/sources/index.js';

const CORPUS = path.join(import.meta.dirname, '../../corpus/vmx');

const FACTS = z
  .array(
    z.union([
      z.strictObject({ file: z.string(), refused: z.string() }),
      z.strictObject({
        file: z.string(),
        machine: z.record(z.string(), z.unknown()),
        absent: z.array(z.string()).default([]),
        settingCount: z.number().nullable().default(null),
        problems: z.array(z.string()),
      }),
    ]),
  )
  .parse(parse(readFileSync(path.join(CORPUS, 'facts.yaml'), 'utf8')));

const inventory = await readInventory(CORPUS);

function shown({ severity, code, file, line }: Problem): string {
  return `${severity} ${code} ${file}${line === null ? '' : `:${line}`}`;
}

describe('the corpus of .vmx files', () => {
  test('is listed whole, each file once', () => {
    const files = readdirSync(CORPUS, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(vmx|vmtx)$/i.test(name))
      .sort();
    expect(FACTS.map(({ file }) => file).sort()).toEqual(files);
    expect(files.length).toBeGreaterThanOrEqual(55);
  });

  test('gives no problem that belongs to none of the files', () => {
    const listed = FACTS.reduce((count, fact) => count + ('refused' in fact ? 1 : fact.problems.length), 0);
    expect(inventory.problems).toHaveLength(listed);
  });

  test.each(FACTS)('$file', (fact) => {
    const machine = inventory.machines.find(({ id }) => id === fact.file);
    if ('refused' in fact) {
      expect(machine).toBeUndefined();
      const problems = inventory.problems.filter(({ file }) => file === fact.file);
      expect(problems.map(shown)).toEqual([fact.refused]);
      return;
    }
    expect(machine).toMatchObject(fact.machine);
    const problems = inventory.problems.filter(({ machineId }) => machineId === fact.file);
    expect(problems.map(shown)).toEqual(fact.problems);
    for (const key of fact.absent) expect(Object.keys(machine?.settings ?? {})).not.toContain(key);
    if (fact.settingCount !== null) {
      expect(Object.keys(machine?.settings ?? {})).toHaveLength(fact.settingCount);
    }
  });
});
