import { userInfo } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { BatchRecord, JobRecord, Ledger, Order, OrderScope, OrderVerb } from '../../ledger/index.js';
import { XenferryError } from '../../model/errors.js';
import { type BatchOptions, wantedBatch, withBatch, withBatchOptions } from '../batch-option.js';
import type { Command } from '../command.js';
import { type CommonOptions, countOf, printJson, printLine, yellow } from '../output.js';

interface Options extends CommonOptions, BatchOptions {
  readonly machine: readonly string[] | undefined;
  readonly wave: string | undefined;
}

/** The run looks for orders each second. */
const PATIENCE_MS = 10_000;

interface GivenOrder extends Order {
  /** What it is about, as the operator calls it. */
  readonly shown: string;
}

const DONE: Readonly<Record<OrderVerb, string>> = {
  pause: 'paused',
  resume: 'resumed',
  cancel: 'cancelled',
  retry: 'to be tried again',
  refix: 'its guest is to be mended anew',
};

/** Orders that may be given while nothing runs. */
const WAITING: Partial<Record<OrderVerb, string>> = {
  refix: 'the next run mends it anew',
  retry: 'it is tried again as soon as a run looks',
};

/** Tells the run that works on a target folder what is wanted of its machines. */
export function orderCommand(verb: OrderVerb): Command<Options> {
  return {
    builder: (args) =>
      withBatchOptions(args, 'Target folder of the run')
        .option('machine', {
          type: 'string',
          array: true,
          requiresArg: true,
          describe: 'Only this machine, by its name or id; may be repeated',
        })
        .option('wave', { type: 'string', requiresArg: true, describe: 'Only the machines of this wave' })
        .conflicts('machine', 'wave')
        .example(`$0 ${verb} out`, 'All machines')
        .example(`$0 ${verb} out --machine web01`, 'One of them'),
    handler: async (options) => {
      const { machine: machines = [], wave } = options;
      const orders = await withBatch(await wantedBatch(options), (batch, ledger) =>
        giveOrders(ledger, batch, verb, { machines, wave }),
      );
      if (options.json) printJson({ orders });
      else for (const order of orders) printLine(lineOf(order));
    },
  };
}

async function giveOrders(
  ledger: Ledger,
  { id: batchId, target }: BatchRecord,
  verb: OrderVerb,
  { machines, wave }: { readonly machines: readonly string[]; readonly wave: string | undefined },
): Promise<GivenOrder[]> {
  const isBusy = await ledger.isBusy(target);
  const by = userInfo().username;
  const jobs = machines.length === 0 ? [] : await ledger.jobs(batchId);
  const named = machines.map((name) => jobOf(name, jobs));
  // A run is needed all the same: the next one obeys it, with the profiles and tools that it finds then.
  if (!isBusy && verb !== 'refix' && !(verb === 'retry' && areBack(named))) {
    throw new XenferryError('USAGE', 'nothing runs that an order could be given to', {
      file: target,
      hint: 'Run it again: what is done stays done, and what failed is tried again.',
    });
  }
  if (wave !== undefined) await refuseUnknownWave(ledger, batchId, wave);
  const subjects = subjectsOf(named, wave);
  const given = new Map<number, string>();
  for (const { scope, subject, shown } of subjects) {
    const { id } = await ledger.orders.give({ batchId, by, verb, scope, subject });
    given.set(id, shown);
  }
  return await whenObeyed(ledger, batchId, given, isBusy ? PATIENCE_MS : 0);
}

/** Whether all were taken back to their source: the only ones that a run does not try again by itself. */
function areBack(jobs: readonly JobRecord[]): boolean {
  return jobs.length > 0 && jobs.every(({ rollback }) => rollback === 'done');
}

interface Subject {
  readonly scope: OrderScope;
  readonly subject: string;
  /** As the operator calls it. */
  readonly shown: string;
}

function subjectsOf(machines: readonly JobRecord[], wave: string | undefined): Subject[] {
  if (wave !== undefined) return [{ scope: 'wave', subject: wave, shown: wave }];
  if (machines.length === 0) return [{ scope: 'batch', subject: '', shown: 'all machines' }];
  return machines.map(({ machineId, name }) => {
    return { scope: 'machine', subject: machineId, shown: name ?? machineId };
  });
}

function jobOf(wanted: string, jobs: readonly JobRecord[]): JobRecord {
  const found = jobs.filter(({ machineId, name }) => machineId === wanted || name === wanted);
  const [job] = found;
  if (job === undefined) throw new XenferryError('USAGE', `no machine is called ${wanted}`);
  if (found.length > 1) {
    const ids = found.map(({ machineId }) => machineId).join(', ');
    throw new XenferryError('USAGE', `${countOf(found.length, 'machine')} are called ${wanted}`, {
      hint: `Give the id: ${ids}`,
    });
  }
  return job;
}

async function refuseUnknownWave(ledger: Ledger, batchId: number, wave: string): Promise<void> {
  const waves = new Set((await ledger.jobs(batchId)).map((job) => job.wave));
  if (!waves.has(wave)) {
    const known = [...waves].filter((name) => name !== null).join(', ');
    throw new XenferryError('USAGE', `no wave is called ${wave}`, { hint: `The waves are: ${known}` });
  }
}

/** The orders as they are once the run has seen them, or when it takes too long. */
async function whenObeyed(
  ledger: Ledger,
  batchId: number,
  given: ReadonlyMap<number, string>,
  patienceMs: number,
): Promise<GivenOrder[]> {
  const patience = Date.now() + patienceMs;
  for (;;) {
    const orders = (await ledger.orders.all(batchId)).flatMap((order) => {
      const shown = given.get(order.id);
      return shown === undefined ? [] : [{ ...order, shown }];
    });
    if (orders.every(({ obeyedAt }) => obeyedAt !== null) || Date.now() >= patience) return orders;
    await delay(200);
  }
}

function lineOf({ verb, shown, obeyedAt }: GivenOrder): string {
  if (obeyedAt !== null) return `${shown}: ${DONE[verb]}`;
  return yellow(`${shown}: ${WAITING[verb] ?? 'the run has not answered yet'}`);
}
