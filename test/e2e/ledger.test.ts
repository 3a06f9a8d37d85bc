import { mkdtempSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Ledger } from '../../src/ledger/index.js';
import { expectErrorLines, expectNoStack } from '../support/error-lines.js';
import { runCli, runJson } from '../support/run-cli.js';
import { tempFiles } from '../support/temp-files.js';

const { folder, put } = tempFiles();
const target = mkdtempSync(join(folder, 'target-'));
const backup = join(folder, 'nightly.sqlite');
const FACTS = z.object({ file: z.string(), batches: z.number(), jobs: z.number(), schema: z.string() });

beforeAll(async () => {
  const ledger = await Ledger.open({ folder: target });
  const batch = await ledger.beginBatch({ sources: 's', target, destination: '{}' });
  await ledger.enlist(batch, [
    { machineId: 'web01', planned: '{}', fingerprint: 'a', name: 'vm', wave: 'all', dataBytes: 0 },
  ]);
  await ledger.close();
});

describe('xenferry ledger', () => {
  it('backs up, checks and restores', async () => {
    expect(await runJson(['ledger', 'backup', target, backup], FACTS)).toMatchObject({ batches: 1, jobs: 1 });
    expect(await runJson(['ledger', 'check', backup], FACTS)).toMatchObject({ file: backup, jobs: 1 });
    expect((await runCli(['ledger', 'check', target])).stdout).toContain('1 machine');
    const { exitCode, stdout } = await runCli(['ledger', 'restore', backup, target]);
    expect(exitCode).toBe(0);
    const [, kept = ''] = /before: (\S+)/.exec(stdout) ?? [];
    expect(readdirSync(join(target, '.xenferry')).map((name) => join(target, '.xenferry', name))).toContain(
      kept,
    );
  });

  it('does not replace a backup unasked', async () => {
    const existing = put('existing.sqlite', 'yesterday').path;
    const refused = await runCli(['ledger', 'backup', target, existing]);
    expect(refused.exitCode).toBe(5);
    expectErrorLines(refused.stderr, { code: 'TARGET_EXISTS', names: ['existing.sqlite'] });
    expect((await runCli(['ledger', 'backup', target, existing, '--force'])).exitCode).toBe(0);
  });

  it('refuses while a run works there', async () => {
    const ledger = await Ledger.open({ folder: target });
    try {
      const { exitCode, stderr } = await runCli(['ledger', 'restore', backup, target]);
      expect(exitCode).toBe(5);
      expectErrorLines(stderr, { code: 'TARGET_BUSY', names: ['another xenferry'] });
      // Reading goes on.
      expect((await runCli(['ledger', 'backup', target, join(folder, 'meanwhile.sqlite')])).exitCode).toBe(0);
    } finally {
      await ledger.close();
    }
  });

  it('says what is missing, and that a database server is no file, without its password', async () => {
    expect((await runCli(['ledger', 'backup', target])).exitCode).toBe(2);
    const server = await runCli(['ledger', 'backup', 'postgres://ops:hunter2@db/xenferry', backup]);
    expect(server.exitCode).toBe(2);
    expect(server.stderr).toContain('pg_dump');
    expect(server.stdout + server.stderr).not.toContain('hunter2');
    expectNoStack(server.stderr);
  });
});
