import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { runJson } from '../support/run-cli.js';

const CORPUS = fileURLToPath(new URL('../corpus/ovf', import.meta.url));
const FACTS = z.record(
  z.string(),
  z.object({ machines: z.array(z.unknown()).default([]), refused: z.string().optional() }),
);
const INVENTORY = z.object({
  machines: z.array(z.object({ id: z.string() })),
  problems: z.array(
    z.object({
      file: z.string(),
      line: z.number().nullable(),
      code: z.string(),
      machineId: z.string().nullable(),
    }),
  ),
});

it('inventory finds in the whole corpus the machines that a person counted, and refuses what a person did', async () => {
  const facts = Object.entries(FACTS.parse(parse(readFileSync(join(CORPUS, 'facts.yaml'), 'utf8'))));
  const { machines, problems } = await runJson(['inventory', CORPUS], INVENTORY);
  const counted = new Map<string, number>();
  for (const { id } of machines) {
    const [file = ''] = id.split('#');
    counted.set(file, (counted.get(file) ?? 0) + 1);
  }
  expect(facts.length).toBeGreaterThanOrEqual(150);
  for (const [file, { machines: expected, refused }] of facts) {
    expect(counted.get(file) ?? 0, file).toBe(expected.length);
    if (refused === undefined) continue;
    const told = problems.filter((problem) => problem.machineId === null && basename(problem.file) === file);
    expect(
      told.map(({ code, line }) => `${code} ${line}`),
      file,
    ).toContain(refused);
  }
});
