import type { Profile } from '../guests/profiles/index.js';
import type { EventLog, Ledger, LedgerViews } from '../ledger/index.js';
import type { AllowedPaths } from './allowed-paths.js';
import type { Authority } from './authority.js';
import type { BatchOffice } from './batch-office.js';
import type { BatchSummaries } from './batch-summaries.js';
import type { EventFeed } from './event-feed.js';
import type { EventStreams } from './event-streams.js';
import type { Idempotency } from './idempotency.js';
import type { Metrics } from './metrics.js';
import type { Outlooks } from './outlooks.js';
import type { Planner } from './planner.js';
import type { RollbackDesk } from './rollback-desk.js';

/** All that routes stand on. */
export interface ServiceContext {
  readonly version: string;
  /** Absolute path of the folder in which relative paths begin. */
  readonly home: string;
  readonly ledger: Ledger;
  /** On a connection of its own: reading does not wait for a batch that writes. */
  readonly views: LedgerViews;
  readonly events: EventLog;
  readonly profiles: readonly Profile[];
  readonly authority: Authority;
  readonly paths: AllowedPaths;
  readonly office: BatchOffice;
  readonly planner: Planner;
  readonly rollbacks: RollbackDesk;
  readonly outlooks: Outlooks;
  readonly summaries: BatchSummaries;
  readonly feed: EventFeed;
  readonly streams: EventStreams;
  readonly idempotency: Idempotency;
  readonly metrics: Metrics;
  /** Whether anybody may read the metrics. */
  readonly openMetrics: boolean;
  /** Whether it takes requests, and why not. */
  readonly state: () => 'ok' | 'starting' | 'stopping';
}
