import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { JobQueue } from '../../../src/queue/index.js';
import { isRedisUrl, redisAddress } from '../../../src/queue/redis-address.js';
import { hasRedis, REDIS_PASSWORD, testRedis } from '../../support/redis.js';

async function refusal(url: string): Promise<{ readonly code: unknown; readonly said: string }> {
  const error: unknown = await JobQueue.open({ url, ledger: randomUUID() }).then(
    (queue) => queue.close(),
    (thrown: unknown) => thrown,
  );
  const code = error instanceof Error && 'code' in error ? error.code : error;
  return { code, said: inspect(error, { depth: null, showHidden: true }) };
}

describe.skipIf(!hasRedis())('a queue in Redis', () => {
  const redis = testRedis();

  it('is reached by TLS, when its certificate is the one to trust', async () => {
    const queue = await JobQueue.open({ url: redis.url('tls'), ledger: randomUUID() });
    await queue.close();
    const strange = redis.url('tls').replace(/\?.*/, '');
    expect((await refusal(strange)).code).toBe('LEDGER_UNREACHABLE');
  });

  it('that lets nobody in says so, and not the password', async () => {
    const wrong = `${REDIS_PASSWORD}-wrong`;
    const { code, said } = await refusal(redis.url().replace(REDIS_PASSWORD, wrong));
    expect(code).toBe('LEDGER_UNAUTHORIZED');
    expect(said).not.toContain(REDIS_PASSWORD);
    const nobody = redis.url().replace(/\/\/[^@]*@/, '//');
    expect((await refusal(nobody)).code).toBe('LEDGER_UNAUTHORIZED');
  });

  it('that has lost what was in it does not let anybody wait for ever', async () => {
    const queue = await JobQueue.open({ url: redis.url(), ledger: randomUUID() });
    const offer = randomUUID();
    const ended = queue.whenEnded(offer);
    await queue.offer({ jobId: 1, batchId: 1, target: '/srv/xva', offer });
    await redis.forgetAll();
    await ended;
    expect(await queue.withdraw(offer)).toBe(false);
    await queue.close();
  });

  it('is not used where keys may be dropped', async () => {
    await redis.configure('maxmemory-policy', 'allkeys-lru');
    try {
      const { code, said } = await refusal(redis.url());
      expect(code).toBe('CONFIG_INVALID');
      expect(said).toContain('noeviction');
      expect(said).not.toContain(REDIS_PASSWORD);
    } finally {
      await redis.configure('maxmemory-policy', 'noeviction');
    }
  });
});

describe('the address of a Redis', () => {
  it('that nobody answers at is told soon, and without its password', async () => {
    const { code, said } = await refusal('redis://me:s3cr3t@127.0.0.1:1');
    expect(code).toBe('LEDGER_UNREACHABLE');
    expect(said).not.toContain('s3cr3t');
  });

  it('has a user, a password, a port and a database', () => {
    expect(redisAddress('redis://me:a%40b@localhost:7000/3')).toEqual({
      host: 'localhost',
      port: 7000,
      username: 'me',
      password: 'a@b',
      db: 3,
    });
    expect(redisAddress('rediss://:x@redis.example.com')).toEqual({
      host: 'redis.example.com',
      port: 6379,
      password: 'x',
      db: 0,
      tls: { rejectUnauthorized: true },
    });
    expect(redisAddress('redis://[::1]')).toMatchObject({ host: '::1', db: 0 });
  });

  it.each([
    ['redis://me:s3cr3t@redis.example.com', 'rediss://'],
    ['redis://localhost/?password=s3cr3t', 'parameter'],
    ['redis://localhost/s3cr3t', 'database'],
    ['redis://me:s3cr3t%@localhost', 'percent'],
    ['redis://me:s3cr3t@localhost?sslrootcert=ca.pem', 'rediss://'],
    ['rediss://localhost?sslrootcert=/nowhere/ca.pem', 'certificate'],
    ['redis://me:s3/cr3t@localhost', 'form'],
  ])('is refused where it cannot be used: %s', (url, told) => {
    expect(isRedisUrl(url)).toBe(true);
    expect(() => redisAddress(url)).toThrow(told);
    expect(() => redisAddress(url)).not.toThrow('s3cr3t');
  });
});
