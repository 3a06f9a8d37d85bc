import { z } from 'zod';
import type { JobFilter, JobRow } from '../../ledger/index.js';
import { XenferryError } from '../../model/errors.js';
import { ID_PARAMS, PAGE_QUERY } from '../api/common.js';
import { EVENT_PAGE, JOB_DETAIL, JOB_PAGE, JOB_QUERY, type JobPage } from '../api/jobs.js';
import type { App } from '../app.js';
import type { ServiceContext } from '../context.js';
import { cursorOf, numberAt, pageOfMore, placeOf } from '../cursor.js';
import { filterOf, jobDetail, jobSummary } from '../job-documents.js';
import { type JobEnd, jobsByEnd, type KnownOutlook } from '../outlooks.js';
import { batchRow } from './batches.js';

const NAME_PLACE = z.tuple([z.string(), z.number().int()]);
const END_PLACE = z.tuple([z.number(), z.number().int()]);
/** Looked up at a time. */
const CHUNK = 500;

export function jobRoutes(app: App, context: ServiceContext): void {
  const { views, events, outlooks } = context;

  app.get(
    '/v1/batches/:id/jobs',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'The machines of a batch',
        params: ID_PARAMS,
        querystring: JOB_QUERY,
        response: { 200: JOB_PAGE },
      },
    },
    async ({ params: { id }, query: { cursor, limit, order, state, ...words } }) => {
      await batchRow(context, id);
      const outlook = await outlooks.ofBatch(id);
      const filter = { ...words, ...filterOf(state) };
      if (order === 'ends') return await pageByEnd(context, id, outlook, filter, cursor, limit);
      const itemOf = (row: JobRow) => jobSummary(row, outlook);
      if (order === 'name') {
        const place = placeOf(cursor, NAME_PLACE);
        const after = place === null ? null : { name: place[0], id: place[1] };
        const rows = await views.jobs(id, filter, { by: 'name', after }, limit + 1);
        return pageOfMore(rows, limit, itemOf, (row) => [row.name, row.id]);
      }
      const position = numberAt(cursor);
      const after = position === null ? null : { position };
      const rows = await views.jobs(id, filter, { by: 'plan', after }, limit + 1);
      return pageOfMore(rows, limit, itemOf, (row) => [row.position ?? 0]);
    },
  );

  app.get(
    '/v1/jobs/:id',
    {
      config: { access: 'viewer' },
      schema: { summary: 'All about a machine', params: ID_PARAMS, response: { 200: JOB_DETAIL } },
    },
    async ({ params: { id } }) => {
      const [row, file] = await Promise.all([views.job(id), views.jobFile(id)]);
      if (row === null || file === null) throw noSuchJob(id);
      return jobDetail(row, file, await outlooks.ofBatch(row.batchId));
    },
  );

  app.get(
    '/v1/jobs/:id/log',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'What happened to a machine, oldest first',
        params: ID_PARAMS,
        querystring: PAGE_QUERY,
        response: { 200: EVENT_PAGE },
      },
    },
    async ({ params: { id }, query: { cursor, limit } }) => {
      if ((await views.job(id)) === null) throw noSuchJob(id);
      const rows = await events.read({ jobId: id, after: numberAt(cursor) ?? 0, limit: limit + 1 });
      return pageOfMore(
        rows,
        limit,
        (event) => event,
        (row) => [row.id],
      );
    },
  );
}

function noSuchJob(id: number): XenferryError {
  return new XenferryError('NOT_FOUND', `there is no job ${id}`);
}

/** Those with a forecast, the first to end first. */
async function pageByEnd(
  { views }: ServiceContext,
  batchId: number,
  outlook: KnownOutlook | null,
  filter: JobFilter,
  cursor: string | undefined,
  limit: number,
): Promise<JobPage> {
  const place = placeOf(cursor, END_PLACE);
  const all = outlook === null ? [] : jobsByEnd(outlook);
  const start = place === null ? 0 : firstAfter(all, place);
  const items: JobPage['items'] = [];
  let at = start;
  while (at < all.length && items.length < limit) {
    const chunk = all.slice(at, at + CHUNK);
    const rows = new Map(
      (
        await views.jobsOf(
          batchId,
          chunk.map(({ id }) => id),
          filter,
        )
      ).map((row) => [row.id, row]),
    );
    for (const { id } of chunk) {
      if (items.length === limit) break;
      at += 1;
      const row = rows.get(id);
      const item = row === undefined ? null : jobSummary(row, outlook);
      // What has ended since is not to end.
      if (item !== null && item.expectedEnd !== null) items.push(item);
    }
  }
  const last = all[at - 1];
  return { items, next: at < all.length && last !== undefined ? cursorOf([last.endsAt, last.id]) : null };
}

/** Index of the first that comes after a place in the order of ends. */
function firstAfter(all: readonly JobEnd[], [endsAt, id]: readonly [number, number]): number {
  let low = 0;
  let high = all.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const one = all[middle];
    const isAfter = one === undefined || one.endsAt > endsAt || (one.endsAt === endsAt && one.id > id);
    if (isAfter) high = middle;
    else low = middle + 1;
  }
  return low;
}
