import { type BackendFactory, createPostgresBackend, type IQueueBackend } from 'bullmq';
import { isPostgresUrl, postgresAddress } from '../io/postgres-url.js';
import { XenferryError } from '../model/errors.js';

/** Of the queue's tables, beside the ledger's own. */
const SCHEMA = 'xenferry_queue';
export const QUEUE_NAME = 'jobs';

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

/** What BullMQ needs to reach the queue. */
export interface QueueBackend {
  readonly connection: Readonly<Record<string, unknown>>;
  /** Undefined for Redis. */
  readonly factory: BackendFactory<IQueueBackend, unknown> | undefined;
}

/** `url`: of PostgreSQL, or `redis://`, `rediss://`. Throws CONFIG_INVALID. */
export function queueBackend(url: string): QueueBackend {
  if (/^rediss?:\/\//.test(url))
    return { connection: { url, maxRetriesPerRequest: null }, factory: undefined };
  if (!isPostgresUrl(url)) {
    throw new XenferryError('CONFIG_INVALID', 'a queue is in PostgreSQL (postgres://) or Redis (redis://)');
  }
  const { host, port, user, password, database, ssl } = postgresAddress(url);
  return {
    connection: {
      host,
      port,
      database,
      ssl,
      ...(user !== undefined && { user }),
      ...(password !== undefined && { password }),
      keepAlive: true,
      schema: SCHEMA,
      migrate: true,
    },
    factory: createPostgresBackend as BackendFactory<IQueueBackend, unknown>,
  };
}
