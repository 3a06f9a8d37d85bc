import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SimulatedPool, startPool } from '../../simulators/xapi-pool/index.js';
import { tempFiles } from '../../support/temp-files.js';
import { POOL_CERTIFICATE } from '../../support/xapi-caller.js';

const SIMULATORS = new URL('../../simulators/', import.meta.url);
const PACKAGE = fileURLToPath(new URL('.cache/xen-api', SIMULATORS));
const CLIENT = fileURLToPath(new URL('clients/xen-api.mjs', SIMULATORS));
const MIB = 1024 * 1024;

const installed = existsSync(`${PACKAGE}/node_modules/xen-api`);

const { put } = tempFiles();
const { path: TRUSTED } = put('trusted.pem', POOL_CERTIFICATE.cert);

let pool: SimulatedPool;

beforeAll(async () => {
  pool = await startPool({
    certificate: POOL_CERTIFICATE,
    hosts: [{}, {}],
    repositories: [
      { name: 'Near storage', type: 'ext', size: 64 * MIB, hosts: [0] },
      { name: 'Far storage', type: 'ext', size: 64 * MIB, hosts: [1] },
    ],
    timings: { loginDelayMs: 1 },
  });
});

afterAll(() => pool.close());

/** The client has no option for an authority or a fingerprint: it trusts what Node trusts, which is told from outside. */
async function run(repository: string, environment: Readonly<Record<string, string>>) {
  const { path } = put('disk.raw', Buffer.concat([randomBytes(3 * MIB), Buffer.alloc(3 * MIB)]));
  return await execa(process.execPath, [CLIENT, PACKAGE, pool.url, repository, path], {
    env: { POOL_PASSWORD: 'simulated', ...environment },
    reject: false,
    timeout: 60_000,
  });
}

// `.ci/setup test` installs it where it can: it is no dependency of this project.
describe.skipIf(!installed)('the client xen-api', () => {
  it.each([
    'Near storage',
    // The host that is asked does not see it, which the client finds out by a request without a body.
    'Far storage',
  ])('lists, watches, uploads and downloads: %s', async (repository) => {
    const { stdout, stderr } = await run(repository, { NODE_EXTRA_CA_CERTS: TRUSTED });
    expect(stdout, stderr).not.toBe('');
    const { sent, ...report } = JSON.parse(stdout);
    expect(report).toEqual({
      wrongPassword: 'SESSION_AUTHENTICATION_FAILED',
      hosts: 2,
      pool: 1,
      repository,
      colour: 'green',
      uploadResult: true,
      received: sent,
      clone: ['cloned by xen-api', true],
      missing: 'HANDLE_INVALID',
      gone: true,
    });
  });

  it('does not log in where it does not trust the certificate', async () => {
    const { exitCode, stderr } = await run('Near storage', {});
    expect(exitCode).not.toBe(0);
    expect(stderr).toMatch(/self-signed certificate/);
  });
});
