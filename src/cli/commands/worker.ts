import {
  LiveServers,
  runOneJob,
  WorkerBandwidth,
  type WorkerContext,
  workerName,
} from '../../coordinator/index.js';
import { loadProfiles } from '../../guests/profiles/index.js';
import { tellServiceManager } from '../../io/service-manager.js';
import { readUrlReference } from '../../io/url-reference.js';
import { Ledger, readLedgerPlace } from '../../ledger/index.js';
import { describeError, toXenferryError, XenferryError } from '../../model/errors.js';
import { QueueWorker } from '../../queue/index.js';
import { WorkerThreadsPool } from '../../worker-threads-pool/index.js';
import type { Command } from '../command.js';
import { interruptible } from '../interrupt.js';
import { type CommonOptions, countOf, note } from '../output.js';
import { QUEUE_OPTION, STORE_OPTION } from '../store-option.js';
import { countOption } from '../threads.js';
import { whenAborted } from '../when-aborted.js';

interface Options extends CommonOptions {
  readonly store: string;
  readonly queue: string | undefined;
  readonly slots: number | undefined;
  readonly threads: number | undefined;
  readonly name: string | undefined;
  readonly lease: number;
}

const BEAT_MILLISECONDS = 10_000;
const MIN_LEASE_SECONDS = 2;
const MAX_LEASE_SECONDS = 3600;
/** What a worker may be called: it stands in lists and logs. */
const NAME = /^[\w.:-]{1,64}$/;

export const workerCommand: Command<Options> = {
  builder: (args) =>
    args
      .option('store', { ...STORE_OPTION, demandOption: true })
      .option('queue', QUEUE_OPTION)
      .option('slots', {
        type: 'number',
        requiresArg: true,
        default: 2,
        describe: 'Machines at a time',
      })
      .option('threads', {
        type: 'number',
        requiresArg: true,
        describe: 'Threads; default: one per processor',
      })
      .option('name', { type: 'string', requiresArg: true, describe: 'Its name; default: host and process' })
      .option('lease', {
        type: 'number',
        requiresArg: true,
        default: 30,
        describe: 'Seconds after which it is taken for dead when it says nothing',
      })
      .example(
        '$0 worker --store postgres://xenferry@db.example.com/xenferry',
        'With PGPASSWORD or ~/.pgpass',
      ),
  handler: async (options) => {
    const asked = {
      slots: countOption('slots', options.slots),
      threads: countOption('threads', options.threads),
      leaseMilliseconds: leaseOf(options.lease) * 1000,
      name: nameOf(options.name),
      queue: options.queue === undefined ? null : await readUrlReference(options.queue, 'queue URL'),
    };
    const place = await readLedgerPlace(options.store);
    if ('folder' in place) {
      throw new XenferryError(
        'CONFIG_INVALID',
        'workers share a ledger in PostgreSQL: --store takes its URL',
      );
    }
    await interruptible((signal) => work(place.url, asked, signal));
  },
};

interface Asked {
  readonly slots: number;
  readonly threads: number;
  readonly leaseMilliseconds: number;
  readonly name: string;
  /** Its URL; null: in the ledger's database. */
  readonly queue: string | null;
}

/** Runs jobs until `signal` aborts; those that run then are taken up by others. */
async function work(url: string, asked: Asked, signal: AbortSignal): Promise<void> {
  const { name, slots, threads, queue } = asked;
  const ledger = await Ledger.open({ url });
  const pool = new WorkerThreadsPool(threads);
  const liveServers = new LiveServers();
  try {
    await ledger.workers.signIn({ name, slots, threads });
    const context: WorkerContext = {
      ledger,
      pool,
      liveServers,
      bandwidth: new WorkerBandwidth(pool.gate),
      profiles: await loadProfiles(),
      worker: name,
      signal,
      observe: (event) => {
        if (event.kind === 'job') note(`${event.name}: ${event.state}`);
      },
    };
    const worker = await QueueWorker.start({
      ...asked,
      queue: { url: queue ?? url, ledger: await ledger.knownIdentity() },
      run: (job, lost) => runOneJob(context, job, lost),
      onError: tell,
    });
    note(`${name} takes ${countOf(slots, 'machine')} at a time, with ${countOf(threads, 'thread')}`);
    const beat = setInterval(() => void ledger.workers.beat(name).catch(tell), BEAT_MILLISECONDS);
    await tellServiceManager('ready');
    await whenAborted(signal);
    await tellServiceManager('stopping');
    await worker.close();
    clearInterval(beat);
    await ledger.workers.signOut(name);
  } finally {
    await pool.close();
    await liveServers.close();
    await ledger.close();
  }
}

/** What goes on by itself. */
function tell(error: unknown): void {
  note(describeError(toXenferryError(error)));
}

function leaseOf(seconds: number): number {
  if (seconds >= MIN_LEASE_SECONDS && seconds <= MAX_LEASE_SECONDS) return seconds;
  throw new XenferryError(
    'CONFIG_INVALID',
    `--lease takes ${MIN_LEASE_SECONDS} to ${MAX_LEASE_SECONDS} seconds`,
  );
}

function nameOf(given: string | undefined): string {
  if (given === undefined) return workerName();
  if (NAME.test(given)) return given;
  throw new XenferryError('CONFIG_INVALID', '--name takes up to 64 letters, digits and . _ : -');
}
