import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  JobQueue,
  type QueuedJob,
  type QueuePlace,
  QueueWorker,
  type QueueWorkerOptions,
} from '../../../src/queue/index.js';
import { testQueues } from '../../support/queues.js';

const LEASE = 2_000;

function newJob(jobId: number): QueuedJob {
  return { jobId, batchId: 1, target: '/srv/xva', offer: randomUUID() };
}

async function opened(place: QueuePlace): Promise<JobQueue> {
  const queue = await JobQueue.open(place);
  onTestFinished(() => queue.close());
  return queue;
}

/** A worker until the test ends. */
async function working(place: QueuePlace, run: QueueWorkerOptions['run'], slots = 1): Promise<QueueWorker> {
  const worker = await QueueWorker.start({
    queue: place,
    name: 'w',
    slots,
    leaseMilliseconds: LEASE,
    run,
    onError: () => {},
  });
  onTestFinished(() => worker.close());
  return worker;
}

describe.each(testQueues())('a queue in $name', ({ newQueue }) => {
  it('gives each job to one of several workers, and tells when it is through', async () => {
    const place = await newQueue();
    const queue = await opened(place);
    const ran: QueuedJob[] = [];
    const run = async (job: QueuedJob) => {
      ran.push(job);
      await delay(20);
      return 'ended' as const;
    };
    await working(place, run, 2);
    await working(place, run, 2);
    const jobs = Array.from({ length: 12 }, (_, index) => newJob(index + 1));
    await Promise.all(
      jobs.map(async (job) => {
        const ended = queue.whenEnded(job.offer);
        await queue.offer(job);
        await ended;
        expect(ran).toContainEqual(job);
      }),
    );
    expect(ran).toHaveLength(jobs.length);
  });

  it('gives a job that its worker hands back to another', async () => {
    const place = await newQueue();
    const queue = await opened(place);
    const job = newJob(1);
    const ended = queue.whenEnded(job.offer);
    let taken = 0;
    await working(place, async () => {
      taken += 1;
      return taken === 1 ? 'again' : 'ended';
    });
    await queue.offer(job);
    await ended;
    expect(taken).toBe(2);
  });

  it('tells that a job is through whose run went wrong', async () => {
    const place = await newQueue();
    const queue = await opened(place);
    const job = newJob(1);
    const ended = queue.whenEnded(job.offer);
    await working(place, async () => {
      throw new Error('the ledger is gone');
    });
    await queue.offer(job);
    await ended;
  });

  it('takes an offer back that nobody has taken, and no other', async () => {
    const place = await newQueue();
    const queue = await opened(place);
    const [early, held] = [newJob(1), newJob(2)];
    await queue.offer(early);
    expect(await queue.withdraw(early.offer)).toBe(true);
    const seen: number[] = [];
    const release = new AbortController();
    const taken = new Promise<void>((resolve) => {
      void working(place, async ({ jobId }) => {
        seen.push(jobId);
        resolve();
        await new Promise((done) => release.signal.addEventListener('abort', done));
        return 'ended';
      });
    });
    const ended = queue.whenEnded(held.offer);
    await queue.offer(held);
    await taken;
    expect(await queue.withdraw(held.offer)).toBe(false);
    release.abort();
    await ended;
    expect(seen).toEqual([held.jobId]);
  });

  it('is not the one of another ledger at the same server', async () => {
    const [ours, theirs] = [await newQueue(), await newQueue()];
    expect(ours.url).toBe(theirs.url);
    const stolen: QueuedJob[] = [];
    await working(theirs, async (job) => {
      stolen.push(job);
      return 'ended';
    });
    const queue = await opened(ours);
    const job = newJob(1);
    await queue.offer(job);
    await delay(300);
    expect(stolen).toEqual([]);
    expect(await queue.withdraw(job.offer)).toBe(true);
  });
});
