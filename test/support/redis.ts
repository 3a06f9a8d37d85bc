import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll } from 'vitest';
import { type Certificate, selfSigned } from './certificate.js';
import { freePort } from './free-port.js';

/** A user with the rights that docs/several-machines.md gives, and nothing beyond. */
const USER = 'ferry';
const RIGHTS = '~xenferry_queue:* &* +@all -@dangerous +info';
const ADMIN = 'admin';
export const REDIS_PASSWORD = 'st0rk-and-heron';

/** A server of the tests' own, which lets nobody in without a password. */
export interface TestRedis {
  /** With user and password. `tls`: encrypted, with the certificate to trust. */
  url(tls?: 'tls'): string;
  /** Sets a parameter of the running server. */
  configure(name: string, value: string): Promise<void>;
  /** As a restart does of a server that keeps nothing on disk. */
  forgetAll(): Promise<void>;
}

/** Whether the package redis-server is there; that it is missing is an error in CI. */
export function hasRedis(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    if (process.env.CI) throw new Error('the Debian package redis-server is missing');
    console.warn('skipped: the Debian package redis-server is not installed');
    return false;
  }
}

/** One server for a test file. Call it only where `hasRedis` holds. */
export function testRedis(): TestRedis {
  const folder = mkdtempSync(join(tmpdir(), 'xenferry-redis-'));
  const at = (name: string): string => join(folder, name);
  const ports = { clear: 0, tls: 0 };
  let server: ReturnType<typeof spawn> | null = null;

  const urlOf = (tls?: 'tls', user = USER) => {
    const login = `${user}:${REDIS_PASSWORD}@127.0.0.1`;
    if (tls === undefined) return `redis://${login}:${ports.clear}`;
    return `rediss://${login}:${ports.tls}?sslrootcert=${encodeURIComponent(at('cert.pem'))}`;
  };

  const asAdmin = async (action: (client: Redis) => Promise<unknown>) => {
    const client = new Redis(urlOf(undefined, ADMIN));
    await action(client);
    client.disconnect();
  };

  beforeAll(async () => {
    ports.clear = await freePort();
    ports.tls = await freePort();
    writeCertificate(selfSigned(), at('cert.pem'), at('key.pem'));
    writeFileSync(
      at('redis.conf'),
      [
        `bind 127.0.0.1`,
        `port ${ports.clear}`,
        `tls-port ${ports.tls}`,
        `tls-cert-file ${at('cert.pem')}`,
        `tls-key-file ${at('key.pem')}`,
        'tls-auth-clients no',
        `dir ${folder}`,
        'save ""',
        'user default off',
        `user ${USER} on >${REDIS_PASSWORD} ${RIGHTS}`,
        `user ${ADMIN} on >${REDIS_PASSWORD} ~* &* +@all`,
      ].join('\n'),
    );
    server = spawn('redis-server', [at('redis.conf')], { stdio: 'ignore' });
    await whenAnswering(urlOf());
  });
  afterAll(async () => {
    if (server?.kill('SIGKILL')) await once(server, 'exit');
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    url: (tls) => urlOf(tls),
    configure: (name, value) => asAdmin((client) => client.config('SET', name, value)),
    forgetAll: () => asAdmin((client) => client.flushall()),
  };
}

function writeCertificate({ cert, key }: Certificate, certFile: string, keyFile: string): void {
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key);
}

/** The driver tries again until the server is there. */
async function whenAnswering(url: string): Promise<void> {
  const client = new Redis(url, { retryStrategy: () => 50, maxRetriesPerRequest: 200 });
  client.on('error', () => {});
  await client.ping();
  client.disconnect();
}
