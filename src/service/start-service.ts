import { mkdir, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import pino, { type DestinationStream, type Logger } from 'pino';
import { rollBack, runBatch } from '../coordinator/index.js';
import { loadProfiles } from '../guests/profiles/index.js';
import { Ledger, type LedgerPlace } from '../ledger/index.js';
import { systemErrorCode, XenferryError } from '../model/errors.js';
import { Notifier } from '../notifications/index.js';
import { AllowedPaths } from './allowed-paths.js';
import type { App, ServiceRoute } from './app.js';
import { Authority } from './authority.js';
import { BatchOffice } from './batch-office.js';
import { BatchSummaries } from './batch-summaries.js';
import type { ServiceContext } from './context.js';
import { EventFeed } from './event-feed.js';
import { EventStreams } from './event-streams.js';
import { Idempotency } from './idempotency.js';
import { Metrics } from './metrics.js';
import { Outlooks } from './outlooks.js';
import { Planner } from './planner.js';
import { RollbackDesk } from './rollback-desk.js';
import { Timetable } from './schedules/timetable.js';
import { buildServer } from './server.js';
import { type BatchRunner, Shift } from './shift.js';
import { readTls } from './tls-files.js';
import { issueToken } from './tokens.js';

const FIRST_TOKEN = 'admin-token';
/** A service that stops does not wait long for mail servers. */
const CLOSING_MS = 5000;

export interface ServiceOptions {
  /** Folder of the ledger, the targets of batches and, without `allowedFolders`, all that clients may name. */
  readonly home: string;
  /** Where the ledger is; below the home when left out. */
  readonly store?: LedgerPlace | undefined;
  /** URL of the queue whose workers run the machines; this process does when left out. */
  readonly queue?: string | undefined;
  /** Under which people reach the dashboard, for links in messages; null for none. */
  readonly publicUrl?: string | null | undefined;
  readonly version: string;
  readonly host: string;
  /** 0: one that is free. */
  readonly port: number;
  /** Files of a certificate and its key, PEM. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly allowedFolders: readonly string[];
  readonly batchesAtOnce: number;
  readonly openMetrics: boolean;
  /** Folder with the dashboard's files. */
  readonly dashboard: string;
  /** Where log lines go. */
  readonly logTo: DestinationStream;
  /** Requests a minute that a token may send. */
  readonly perToken?: number;
  /** Bad tokens a minute that an address may try. */
  readonly badTokens?: number;
  /** Runs a batch; the coordinator when left out. */
  readonly run?: BatchRunner;
  /** Takes machines back; the coordinator when left out. */
  readonly rollBack?: typeof rollBack;
}

export interface RunningService {
  readonly url: string;
  /** File with the first token, when there was none before. */
  readonly firstToken: string | null;
  /** All addresses but those of the dashboard's files. */
  readonly routes: readonly ServiceRoute[];
  /** Aborts, with the error as its reason, when another service may have the store: this one must be closed. */
  readonly lost: AbortSignal;
  /** Takes no more requests, and leaves running batches so that the next start goes on with them. */
  readonly close: () => Promise<void>;
}

const PER_TOKEN = 6000;
const BAD_TOKENS = 20;

/** Starts the service. Rejects with TARGET_BUSY, TARGET_UNWRITABLE, LEDGER_INVALID, CONFIG_INVALID. */
export async function startService(options: ServiceOptions): Promise<RunningService> {
  const home = resolve(options.home);
  const log = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, options.logTo);
  const tls = options.tls === null ? null : await readTls(options.tls);
  await mkdir(home, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw unwritable(home, cause);
  });
  const place = options.store ?? { folder: home };
  const ledger = await Ledger.open(place);
  let reader: Ledger | null = null;
  const closeLedgers = async () => {
    await reader?.close();
    await ledger.close();
  };
  try {
    // Of two services each would run the other's batches, and answer for them.
    const { lost } = await ledger.lockService();
    reader = await Ledger.openForReading(place);
    const firstToken = await ensureToken(ledger, home);
    const onError = (error: unknown) => log.error({ err: error }, 'background work failed');
    const paths = pathsOf(options, home);
    const planner = new Planner({ home, ledger, paths });
    const { run = runnerOf(options, log), batchesAtOnce: atOnce } = options;
    const shift = new Shift({ ledger, planner, run, atOnce, log });
    const rollbacks = new RollbackDesk({ ledger, rollBack: options.rollBack ?? rollBack, onError });
    const office = new BatchOffice(ledger, planner, {
      wake: () => shift.wake(),
      isTakenBack: (id) => rollbacks.isBusy(id),
    });
    const timetable = new Timetable({ book: ledger.schedules, office, paths, onError });
    const { views, events } = reader;
    const outlooks = new Outlooks(views);
    const summaries = new BatchSummaries(views, outlooks);
    const authority = new Authority(ledger.tokens, options.badTokens ?? BAD_TOKENS);
    const feed = new EventFeed(reader, onError);
    const streams = new EventStreams(feed, authority, onError);
    let state: ReturnType<ServiceContext['state']> = 'starting';
    const { app, routes } = await buildServer(
      {
        version: options.version,
        home,
        ledger,
        views,
        events,
        profiles: await loadProfiles(),
        authority,
        paths,
        office,
        planner,
        rollbacks,
        outlooks,
        summaries,
        feed,
        streams,
        idempotency: new Idempotency(ledger.answers),
        metrics: new Metrics(views, summaries),
        openMetrics: options.openMetrics,
        state: () => state,
      },
      { tls, dashboard: options.dashboard, perToken: options.perToken ?? PER_TOKEN, log },
    );
    await listen(app, options);
    state = 'ok';
    shift.wake();
    timetable.start();
    const url = urlOf(app, options);
    log.info({ url, home }, 'service started');
    return {
      url,
      firstToken,
      routes,
      lost,
      close: async () => {
        state = 'stopping';
        log.info({}, 'service stops');
        await timetable.end();
        streams.close();
        await Promise.all([app.close(), shift.end(), rollbacks.end()]);
        await closeLedgers();
        log.info({}, 'service stopped');
      },
    };
  } catch (error) {
    await closeLedgers();
    throw error;
  }
}

/** As `xenferry run -m --unattended` would, and people are told. */
function runnerOf({ queue, publicUrl = null }: ServiceOptions, log: Logger): BatchRunner {
  return async ({ plan, profiles, channels }, ledger, signal, observe, { id, name }) => {
    const { threads, machinesAtOnce: parallel } = plan.estimate.limits;
    const notifier = new Notifier(channels, {
      baseUrl: publicUrl,
      observe: ({ channel, kind, error }) => {
        if (error !== null) log.warn({ batch: id, channel, kind, code: error.code }, error.message);
      },
    });
    try {
      return await runBatch({
        plan,
        profiles,
        ledger,
        queue,
        signal,
        observe,
        unattended: true,
        continues: true,
        threads,
        parallel,
        checksum: 'sha1',
        digest: 'xxh64',
        notices: { tell: (notice) => notifier.tell(notice), batch: name, page: `#/batches/${id}` },
      });
    } finally {
      await notifier.close(signal.aborted ? CLOSING_MS : undefined);
    }
  };
}

/** What is the service's own is nobody else's: the ledger, the first token, the key of its certificate. */
function pathsOf({ allowedFolders, tls }: ServiceOptions, home: string): AllowedPaths {
  const folders =
    allowedFolders.length === 0 ? [home] : [home, ...allowedFolders.map((folder) => resolve(folder))];
  const own = [join(home, '.xenferry'), join(home, FIRST_TOKEN)];
  return new AllowedPaths(folders, tls === null ? own : [...own, resolve(tls.key)]);
}

/** Makes the first token where there is none, in a file that nobody else may read; its path. */
async function ensureToken(ledger: Ledger, home: string): Promise<string | null> {
  if ((await ledger.tokens.list()).length > 0) return null;
  const file = join(home, FIRST_TOKEN);
  const { id, token } = await issueToken(ledger, { name: 'first', role: 'admin', expiresAt: null });
  try {
    await writeFile(file, `${token}\n`, { mode: 0o600, flag: 'w' });
  } catch (cause) {
    await ledger.tokens.remove(id);
    throw unwritable(file, cause);
  }
  return file;
}

async function listen(app: App, { host, port }: ServiceOptions): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    const code = systemErrorCode(cause);
    if (code === undefined || !/^E(?:ADDR|ACCES|NOTFOUND)/.test(code)) throw cause;
    throw new XenferryError('CONFIG_INVALID', `${host}:${port} cannot be listened on (${code})`, { cause });
  }
}

function urlOf(app: App, { tls, host }: ServiceOptions): string {
  const { port } = app.server.address() as AddressInfo;
  return `${tls === null ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function unwritable(file: string, cause: unknown): XenferryError {
  const reason = systemErrorCode(cause) ?? String(cause);
  return new XenferryError('TARGET_UNWRITABLE', `cannot be written (${reason})`, { file, cause });
}
