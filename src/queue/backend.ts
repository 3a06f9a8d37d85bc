import { type BackendFactory, createPostgresBackend, type IQueueBackend } from 'bullmq';
import { postgresPassword } from '../io/postgres-password.js';
import { isPostgresUrl, postgresAddress } from '../io/postgres-url.js';
import { XenferryError } from '../model/errors.js';
import { checkRedis } from './check-redis.js';
import { isRedisUrl, redisAddress } from './redis-address.js';

/** Of the queue's tables, beside the ledger's own; of its keys in Redis, beside those of others. */
const SCHEMA = 'xenferry_queue';

/** One queued run of a job. */
export interface QueuedJob {
  /** In the ledger. */
  readonly jobId: number;
  readonly batchId: number;
  /** Absolute path of the target folder. */
  readonly target: string;
  /** The ledger's; also the run's own name in the queue. */
  readonly offer: string;
  /** Names of the target's hosts that it is to go through; any where left out. */
  readonly through?: readonly string[] | undefined;
}

/** Where a queue is. */
export interface QueuePlace {
  /** Of PostgreSQL, or `redis://`, `rediss://`. */
  readonly url: string;
  /** UUID of the ledger whose jobs it takes: several may have their queues at one server. */
  readonly ledger: string;
}

/** What BullMQ needs to reach the queue. */
interface QueueBackend {
  readonly options: {
    readonly connection: Readonly<Record<string, unknown>>;
    readonly prefix?: string;
  };
  /** Undefined for Redis. */
  readonly factory: BackendFactory<IQueueBackend, unknown> | undefined;
}

export function queueName({ ledger }: QueuePlace): string {
  return `jobs-${ledger}`;
}

/** Rejects with CONFIG_INVALID; where it is in Redis with LEDGER_UNREACHABLE, LEDGER_UNAUTHORIZED, too. */
export async function queueBackend({ url }: QueuePlace): Promise<QueueBackend> {
  if (isRedisUrl(url)) {
    const address = redisAddress(url);
    await checkRedis(address);
    const connection = { ...address, maxRetriesPerRequest: null };
    return { options: { connection, prefix: SCHEMA }, factory: undefined };
  }
  if (!isPostgresUrl(url)) {
    throw new XenferryError('CONFIG_INVALID', 'a queue is in PostgreSQL (postgres://) or Redis (redis://)');
  }
  const address = postgresAddress(url);
  const { host, port, user, database, ssl } = address;
  const connection = {
    host,
    port,
    database,
    ssl,
    ...(user !== undefined && { user }),
    password: postgresPassword(address),
    keepAlive: true,
    schema: SCHEMA,
    migrate: true,
  };
  return {
    options: { connection },
    factory: createPostgresBackend as BackendFactory<IQueueBackend, unknown>,
  };
}
