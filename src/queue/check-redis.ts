import { XenferryError } from '../model/errors.js';
import type { RedisAddress } from './redis-address.js';

const CONNECT_MILLISECONDS = 10_000;
/** The oldest that BullMQ works on. */
const OLDEST = 6;
const UNAUTHORIZED = /^(?:WRONGPASS|NOAUTH|NOPERM|ERR AUTH|ERR invalid password)/;

/**
 * Looks once whether a server can keep a queue: BullMQ itself would wait for ever for one that is not there. Rejects
 * with LEDGER_UNREACHABLE, LEDGER_UNAUTHORIZED, CONFIG_INVALID.
 */
export async function checkRedis(address: RedisAddress): Promise<void> {
  // The driver is loaded where it is needed, as BullMQ does.
  const { Redis } = await import('ioredis');
  const client = new Redis({
    ...address,
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    connectTimeout: CONNECT_MILLISECONDS,
  });
  let failure: unknown = null;
  // It says there what has gone wrong; who waits is only told that the connection is closed.
  client.on('error', (error: unknown) => {
    failure ??= error;
  });
  try {
    await client.connect();
    refuseUnfit(await client.info());
  } catch (thrown) {
    throw thrown instanceof XenferryError ? thrown : redisError(failure ?? thrown);
  } finally {
    client.disconnect();
  }
}

/** What a queue needs (https://docs.bullmq.io/guide/going-to-production). */
function refuseUnfit(info: string): void {
  const version = /^redis_version:(\d+)/m.exec(info)?.[1];
  if (version !== undefined && Number(version) < OLDEST) {
    throw new XenferryError('CONFIG_INVALID', `the queue's Redis is release ${version}, which is too old`, {
      hint: 'Use Redis 6.2 or newer, or leave --queue out: then the queue is in the store.',
    });
  }
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1];
  if (policy !== undefined && policy !== 'noeviction') {
    throw new XenferryError(
      'CONFIG_INVALID',
      `the queue's Redis drops keys when its memory is full (maxmemory-policy ${policy})`,
      { hint: 'Set maxmemory-policy to noeviction: a queue that loses keys loses machines.' },
    );
  }
}

/** The driver's own error stays behind: it carries the command that failed, which may be the one with the password. */
function redisError(error: unknown): XenferryError {
  const reason = error instanceof Error ? error.message : String(error);
  if (UNAUTHORIZED.test(reason)) {
    return new XenferryError('LEDGER_UNAUTHORIZED', `the queue's Redis refuses: ${reason}`, {
      hint: 'Check the user and the password in the URL of --queue, and what its ACL lets it do (docs/several-machines.md).',
    });
  }
  return new XenferryError('LEDGER_UNREACHABLE', `the queue's Redis cannot be reached: ${reason}`, {
    hint: 'Check that Redis runs, its address and its certificate, then run the same command again.',
  });
}
