import { join } from 'node:path';
import { Kysely } from 'kysely';
import type { Ledger, LedgerSchema } from '../../src/ledger/index.js';
import { SqliteDialect } from '../../src/ledger/sqlite-dialect.js';
import type { Outlook } from '../../src/model/outlook.js';
import { testMachine, testPlanned } from './machines.js';

const GIB = 1024 ** 3;
/** So often a coordinator says how far jobs are, and after so many times what the scheduler expects. */
const TURN_MS = 2000;
const OUTLOOK_TURNS = 3;
const STATES = ['done', 'converting', 'planned', 'failed', 'planned', 'verifying'] as const;

/** The tables of the ledger of a home, to write what only a coordinator would. */
export function openTables(home: string): Kysely<LedgerSchema> {
  return new Kysely({ dialect: new SqliteDialect(join(home, '.xenferry', 'ledger.sqlite')) });
}

/** What a night leaves in the ledger of a home: a batch with `machines` jobs in all states, an outlook, samples and events. */
export async function fillLedger(
  ledger: Ledger,
  home: string,
  machines: number,
): Promise<{ batchId: number; jobId: number }> {
  const target = '/srv/none';
  const plan = {
    migration: 'version: 1\n',
    concerns: [],
    unreadable: [],
    waves: [],
    machines: [],
    blocked: false,
  };
  const estimate = { bytes: 0, seconds: 0, bottleneck: 'source', waves: [], storage: [] };
  const filed = { name: 'filled', migration: 'version: 1\n', sources: '["/srv/exports"]', target };
  const destination = JSON.stringify({ kind: 'xva', compression: 'none' });
  const batchId = await ledger.desk.file({
    ...filed,
    destination,
    plan: JSON.stringify({ ...plan, estimate }),
  });
  if (batchId === null) throw new Error('there is such a batch');
  await ledger.beginBatch({ sources: filed.sources, target, destination });
  await ledger.enlist(
    batchId,
    Array.from({ length: machines }, (_, number) => {
      const name = `vm${String(number).padStart(5, '0')}`;
      const planned = testPlanned(testMachine({ name }));
      return {
        machineId: `${name}.ovf`,
        planned: JSON.stringify(planned),
        fingerprint: 'f',
        name,
        wave: number % 2 === 0 ? 'first' : 'second',
        dataBytes: GIB,
      };
    }),
  );
  const jobs = await ledger.jobs(batchId);
  const db = openTables(home);
  try {
    for (const state of new Set(STATES)) {
      const ids = jobs.flatMap(({ id }, index) => (STATES[index % STATES.length] === state ? [id] : []));
      for (let at = 0; at < ids.length; at += 500) {
        await db
          .updateTable('jobs')
          .set({ state })
          .where('id', 'in', ids.slice(at, at + 500))
          .execute();
      }
    }
    await fillNight(
      db,
      batchId,
      jobs.map(({ id }) => id),
    );
  } finally {
    await db.destroy();
  }
  await ledger.desk.setStage(batchId, ['draft'], 'ended');
  return { batchId, jobId: jobs[1]?.id ?? 0 };
}

async function fillNight(db: Kysely<LedgerSchema>, batchId: number, ids: readonly number[]): Promise<void> {
  const now = Date.now();
  const running = ids.filter((_, index) => STATES[index % STATES.length] === 'converting').slice(0, 50);
  for (const id of running) {
    const said = { step: 'convert', moved_bytes: GIB / 2, bytes_per_second: 50_000_000 } as const;
    await db
      .insertInto('progress')
      .values({ job_id: id, ...said, at: now, advanced_at: now })
      .execute();
  }
  await db
    .insertInto('outlooks')
    .values({ batch_id: batchId, at: now, data: JSON.stringify(outlookOf(ids, now)) })
    .execute();
  for (let minute = 0; minute < 20; minute++) {
    const sample = { bytesPerSecond: 1e8, running: 4, hops: { 'host esx03': 1e8 } };
    const row = { batch_id: batchId, at: now - minute * 60_000, data: JSON.stringify(sample) };
    await db.insertInto('samples').values(row).execute();
  }
  for (const id of ids.slice(0, 20)) {
    const event = { at: now, batch_id: batchId, job_id: id, kind: 'job', data: '{"state":"done"}' } as const;
    await db.insertInto('events').values(event).execute();
  }
  const failure = { job_id: ids[3] ?? 0, at: now, code: 'SOURCE_UNREADABLE', message: 'cannot be read' };
  await db.insertInto('failures').values(failure).execute();
  await db
    .insertInto('workers')
    .values({ name: 'here', started_at: now, beat_at: now, ended_at: null, threads: 2, slots: 2 })
    .execute();
}

function outlookOf(ids: readonly number[], now: number): Outlook {
  return {
    endsAt: now + 3_600_000,
    estimateEndsAt: now + 3_000_000,
    unfit: 1,
    bottleneck: 'source read on esx03',
    window: { name: 'night', opensAt: now - 1000, closesAt: now + 7_200_000, open: true },
    machinesAtOnce: 4,
    bandwidth: null,
    hops: [{ kind: 'host', name: 'esx03', bytesPerSecond: 1e8, capacity: 1.1e8 }],
    waves: [],
    blackOuts: ['2026-12-24'],
    onHold: false,
    jobs: Object.fromEntries(
      ids.map((id, index) => [
        String(id),
        {
          startsAt: now + index * 1000,
          endsAt: now + ((index * 7919) % ids.length) * 1000,
          fits: true,
          late: false,
          hold: { kind: 'limit', reason: 'four machines are moved at a time', until: null },
          stuckSince: null,
          onHold: false,
        },
      ]),
    ),
  };
}

/** Has a filled batch change as often as a coordinator changes it, until it is ended. */
export function keepNightMoving(home: string, batchId: number): { readonly end: () => Promise<void> } {
  const db = openTables(home);
  const write = async (turn: number) => {
    const now = Date.now();
    const moved = { moved_bytes: GIB / 2 + turn, at: now, advanced_at: now };
    await db.updateTable('progress').set(moved).execute();
    const jobs = await db
      .selectFrom('jobs')
      .select('id')
      .where('batch_id', '=', batchId)
      .orderBy('id')
      .execute();
    const ids = jobs.map(({ id }) => id);
    const event = {
      at: now,
      batch_id: batchId,
      job_id: ids[turn % ids.length] ?? null,
      kind: 'job',
    } as const;
    await db
      .insertInto('events')
      .values({ ...event, data: '{"state":"converting"}' })
      .execute();
    if (turn % OUTLOOK_TURNS !== 0) return;
    const data = JSON.stringify(outlookOf(ids, now));
    await db.updateTable('outlooks').set({ at: now, data }).where('batch_id', '=', batchId).execute();
  };
  let turn = 0;
  let writing = Promise.resolve();
  const timer = setInterval(() => {
    turn += 1;
    writing = writing.then(() => write(turn));
  }, TURN_MS);
  return {
    end: async () => {
      clearInterval(timer);
      await writing;
      await db.destroy();
    },
  };
}
