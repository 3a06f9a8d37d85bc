import { randomUUID } from 'node:crypto';
import type { QueuePlace } from '../../src/queue/index.js';
import { postgresPrograms, testPostgres } from './postgres.js';
import { hasRedis, testRedis } from './redis.js';

/** A kind of server that queues are kept at. */
export interface TestQueues {
  readonly name: 'PostgreSQL' | 'Redis';
  /** A queue of nobody else's, at a server where others are. */
  newQueue(): Promise<QueuePlace>;
}

/** Those there are here: what is promised of a queue is promised at each. */
export function testQueues(): TestQueues[] {
  const found: TestQueues[] = [];
  const programs = postgresPrograms();
  if (programs !== null) {
    const postgres = testPostgres(programs);
    let database: Promise<string> | null = null;
    const newQueue = async () => {
      database ??= postgres.newDatabase();
      return { url: await database, ledger: randomUUID() };
    };
    found.push({ name: 'PostgreSQL', newQueue });
  }
  if (hasRedis()) {
    const redis = testRedis();
    found.push({ name: 'Redis', newQueue: async () => ({ url: redis.url(), ledger: randomUUID() }) });
  }
  return found;
}
