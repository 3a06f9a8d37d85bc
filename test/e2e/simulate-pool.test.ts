import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Agent, fetch } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { pinnedConnector } from '../../src/io/pinned-connector.js';
import { whenStarted } from '../support/interrupted.js';
import { runCli, startCliWith } from '../support/run-cli.js';
import { tempFiles } from '../support/temp-files.js';

const { folder } = tempFiles();

const ACCESS = z.strictObject({
  url: z.string(),
  user: z.string(),
  password: z.strictObject({ file: z.string() }),
  tlsFingerprints: z.array(z.string()),
});

const TOLD = z.strictObject({
  url: z.string(),
  user: z.string(),
  passwordFile: z.string().nullable(),
  tlsFingerprints: z.array(z.string()),
  repositories: z.array(z.string()),
  networks: z.array(z.string()),
});

/** Starts a pool whose temporary files are in a folder of their own; resolves when it has told all. */
async function startPool(args: readonly string[], last: string, env: Readonly<Record<string, string>> = {}) {
  const temporary = mkdtempSync(join(folder, 'tmp-'));
  const run = startCliWith({ TMPDIR: temporary, ...env }, ['simulate-pool', ...args]);
  let told = '';
  run.stdout.on('data', (piece: Buffer) => {
    told += piece.toString();
  });
  onTestFinished(() => {
    run.kill('SIGKILL');
  });
  await whenStarted(run, () => told.includes(last));
  return { run, told, temporary };
}

/** A call over a connection to a host that has one of these certificates; `CODE p1 p2` for a failure. */
async function caller(url: string, fingerprints: readonly string[]) {
  const connect = pinnedConnector({ fingerprints, timeoutMs: 5000, code: 'POOL_UNREACHABLE', name: url });
  const dispatcher = new Agent({ connect });
  onTestFinished(() => dispatcher.destroy());
  return async (method: string, ...params: readonly unknown[]): Promise<string> => {
    const body = JSON.stringify({ jsonrpc: '2.0', method, params, id: 1 });
    const answer = await fetch(`${url}/jsonrpc`, { method: 'POST', body, dispatcher });
    if (!answer.ok) return `status ${answer.status}`;
    const document = Object(await answer.json());
    return 'result' in document ? String(document.result) : 'error';
  };
}

describe('simulate-pool', () => {
  it('tells how it is reached, is reached so, and leaves nothing after Ctrl-C', async () => {
    const migration = join(mkdtempSync(join(folder, 'pool-')), 'pool.yaml');
    const { run, told, temporary } = await startPool(['--write', migration], 'Into it: ');
    const access = ACCESS.parse(parse(readFileSync(migration, 'utf8')).target.pool);
    expect(access.tlsFingerprints).toHaveLength(3);
    expect(told).toContain('repositories: Shared storage, Local storage of host1,');

    const password = readFileSync(access.password.file, 'utf8').trim();
    expect(told).not.toContain(password);
    const call = await caller(access.url, access.tlsFingerprints);
    const session = await call('session.login_with_password', access.user, password);
    expect(session).toMatch(/^OpaqueRef:/);
    expect((await call('host.get_all', session)).split(',')).toHaveLength(3);

    run.kill('SIGINT');
    const { exitCode, stderr } = await run;
    expect([exitCode, stderr]).toEqual([0, 'Ctrl-C ends it, and all that is stored on it']);
    expect(readdirSync(temporary)).toEqual([]);
    await expect(call('host.get_all', session)).rejects.toThrow();
  });

  it('never writes over a file', async () => {
    const file = join(mkdtempSync(join(folder, 'pool-')), 'mine.yaml');
    writeFileSync(file, 'mine');
    const { exitCode, stderr } = await runCli(['simulate-pool', '--hosts', '1', '--write', file]);
    expect([exitCode, readFileSync(file, 'utf8')]).toEqual([5, 'mine']);
    expect(stderr).toContain('TARGET_EXISTS');
  });

  it('is told which option lacks its value', async () => {
    const { exitCode, stderr } = await runCli(['simulate-pool', '--faults']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('USAGE');
  });

  it('takes the password of the environment, prints one document, and ends in time', async () => {
    const env = { XENFERRY_POOL_PASSWORD: 'pa55w0rd' };
    const { run, temporary } = await startPool(['--json', '--hosts', '1', '--seconds', '2'], '}\n', env);
    const { exitCode, stdout, stderr } = await run;
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(TOLD.parse(JSON.parse(stdout))).toMatchObject({
      passwordFile: null,
      repositories: ['Shared storage', 'Local storage of host1', 'ISO library'],
      networks: expect.arrayContaining(['Internal']),
    });
    expect(stdout).not.toContain('pa55w0rd');
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('lets calls fail by a number, the same for the same', async () => {
    const outcomes = async (seed: string): Promise<readonly boolean[]> => {
      const env = { XENFERRY_POOL_PASSWORD: 'pa55w0rd' };
      const { run, told } = await startPool(['--json', '--hosts', '1', '--faults', seed], '}\n', env);
      const { url, tlsFingerprints } = TOLD.parse(JSON.parse(told));
      const call = await caller(url, tlsFingerprints);
      const went: boolean[] = [];
      for (let number = 0; number < 60; number += 1) {
        const answer = await call('session.login_with_password', 'root', 'pa55w0rd').catch(String);
        went.push(answer.startsWith('OpaqueRef:'));
      }
      run.kill('SIGTERM');
      expect((await run).exitCode).toBe(0);
      return went;
    };
    const first = await outcomes('5');
    expect(new Set(first)).toEqual(new Set([true, false]));
    expect(await outcomes('5')).toEqual(first);
  });

  it.each([
    ['--hosts', '0'],
    ['--hosts', 'many'],
    ['--port', '70000'],
    ['--seconds', '0'],
    ['--faults', '-1'],
  ])('refuses %s %s', async (option, value) => {
    const { exitCode, stderr } = await runCli(['simulate-pool', `${option}=${value}`]);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(`${option} takes a whole number from`)]);
  });

  it('refuses a port that something else has, and leaves nothing', async () => {
    const server = createServer().listen(0, '127.0.0.2');
    onTestFinished(() => {
      server.close();
    });
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? String(address?.port) : '';
    const temporary = mkdtempSync(join(folder, 'tmp-'));
    const run = await startCliWith({ TMPDIR: temporary }, ['simulate-pool', '--port', port]);
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain('cannot be listened on (EADDRINUSE)');
    expect(readdirSync(temporary)).toEqual([]);
  });
});
