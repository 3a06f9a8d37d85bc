import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { selfSigned, signer } from '../support/certificate.js';
import { runCli } from '../support/run-cli.js';
import { type ServeCli, startServeCli } from '../support/serve-cli.js';
import { tempFiles } from '../support/temp-files.js';

const { folder, put } = tempFiles();
const authority = selfSigned();
const server = signer('/CN=xenferry', { issuer: authority, addresses: ['127.0.0.1'] });
const ca = put('ca.pem', authority.cert).path;
const cert = put('cert.pem', server.cert).path;
const key = put('key.pem', server.key).path;

let service: ServeCli;

beforeAll(async () => {
  const home = mkdtempSync(join(folder, 'home-'));
  service = await startServeCli(home, ['--tls-cert', cert, '--tls-key', key]);
});

afterAll(async () => {
  service.process.kill('SIGTERM');
  await service.process;
});

/** What curl says of an address, and prints: the status, the headers, the body. */
async function curl(...args: readonly string[]): Promise<{ readonly exitCode?: number; stdout: string }> {
  return await execa('curl', ['--silent', '--include', '--max-time', '10', ...args], { reject: false });
}

describe('a service with a certificate', () => {
  it('is reached by who trusts the authority, and tells browsers to come by TLS alone', async () => {
    expect(service.url).toMatch(/^https:/);
    const login = ['--header', `Authorization: Bearer ${service.token}`];
    const { exitCode, stdout } = await curl('--cacert', ca, ...login, `${service.url}/v1/session`);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^HTTP\/1.1 200/);
    expect(stdout).toMatch(/^strict-transport-security: max-age=31536000/im);
    expect(stdout).toContain('"role":"admin"');
    const refused = await curl('--cacert', ca, `${service.url}/v1/session`);
    expect(refused.stdout).toMatch(/^HTTP\/1.1 401/);
    expect(refused.stdout).toMatch(/^strict-transport-security:/im);
  });

  it('is not reached by others', async () => {
    // https://curl.se/libcurl/c/libcurl-errors.html: CURLE_PEER_FAILED_VERIFICATION.
    expect((await curl(`${service.url}/healthz`)).exitCode).toBe(60);
    const old = await curl('--cacert', ca, '--tls-max', '1.1', `${service.url}/healthz`);
    expect(old.exitCode).not.toBe(0);
  });

  it('answers nothing in clear', async () => {
    const { exitCode, stdout } = await curl(`${service.url.replace('https:', 'http:')}/healthz`);
    expect(exitCode).not.toBe(0);
    expect(stdout).not.toContain('200');
  });
});

describe('a certificate', () => {
  const home = (): string => mkdtempSync(join(folder, 'home-'));

  it.each([
    ['without its key', () => ['--tls-cert', cert], 'tls-key'],
    ['that is not there', () => ['--tls-cert', join(folder, 'none.pem'), '--tls-key', key], 'none.pem'],
    ['that is none', () => ['--tls-cert', key, '--tls-key', key], 'certificate'],
    ['with the key of another', () => ['--tls-cert', ca, '--tls-key', key], 'certificate'],
  ])('%s keeps the service from starting', async (_what, options, told) => {
    const args = ['serve', '--home', home(), '--listen', '127.0.0.1:0', ...options()];
    const { exitCode, stderr } = await runCli(args);
    expect(exitCode, stderr).toBe(2);
    expect(stderr).toContain(told);
  });
});
