import { z } from 'zod';
import type { BatchRow, BatchStage } from '../../ledger/index.js';
import { XenferryError } from '../../model/errors.js';
import {
  BATCH_PAGE,
  BATCH_QUERY,
  BATCH_STAGES,
  BATCH_SUMMARY,
  type BatchSummary,
  NEW_BATCH,
  NEW_MIGRATION,
} from '../api/batches.js';
import { ID_PARAMS } from '../api/common.js';
import { PLAN_DOCUMENT } from '../api/plans.js';
import { type App, bearerOf } from '../app.js';
import type { ServiceContext } from '../context.js';
import { numberAt, pageOfMore } from '../cursor.js';

export function batchRoutes(app: App, context: ServiceContext): void {
  const { views, summaries, office } = context;

  app.get(
    '/v1/batches',
    {
      config: { access: 'viewer' },
      schema: { summary: 'Batches, newest first', querystring: BATCH_QUERY, response: { 200: BATCH_PAGE } },
    },
    async ({ query: { cursor, limit, stage } }) => {
      const stages: readonly BatchStage[] = stage === undefined ? BATCH_STAGES : [stage];
      const before = numberAt(cursor) ?? Number.MAX_SAFE_INTEGER;
      const rows = await views.batches(stages, before, limit + 1);
      const page = pageOfMore(
        rows,
        limit,
        (row) => row,
        ({ id }) => [id],
      );
      return { items: await summaries.of(page.items), next: page.next };
    },
  );

  app.post(
    '/v1/batches',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'Plan a migration, and start it if wanted',
        body: NEW_BATCH,
        response: { 201: BATCH_SUMMARY },
      },
    },
    async (request, reply) => {
      const { name, migration, start } = request.body;
      const id = await office.file(name, migration);
      if (start) await office.start(id, bearerOf(request).name, false);
      return reply.code(201).send(await summaryOf(context, id));
    },
  );

  app.get(
    '/v1/batches/:id',
    {
      config: { access: 'viewer' },
      schema: { summary: 'A batch', params: ID_PARAMS, response: { 200: BATCH_SUMMARY } },
    },
    ({ params: { id } }) => summaryOf(context, id),
  );

  app.delete(
    '/v1/batches/:id',
    {
      config: { access: 'admin' },
      schema: {
        summary: 'Remove a draft, or a batch that has ended',
        params: ID_PARAMS,
        response: { 204: z.undefined() },
      },
    },
    async ({ params: { id } }, reply) => {
      await office.remove(id);
      return reply.code(204).send();
    },
  );

  app.post(
    '/v1/batches/:id/start',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'Have a draft run, or a batch that has ended go on',
        params: ID_PARAMS,
        response: { 202: BATCH_SUMMARY },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      await office.start(id, bearerOf(request).name, true);
      return reply.code(202).send(await summaryOf(context, id));
    },
  );

  app.get(
    '/v1/batches/:id/plan',
    {
      config: { access: 'viewer' },
      schema: { summary: 'What its planning said', params: ID_PARAMS, response: { 200: PLAN_DOCUMENT } },
    },
    ({ params: { id } }) => office.plan(id),
  );

  app.put(
    '/v1/batches/:id/migration',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'Plan a draft anew',
        params: ID_PARAMS,
        body: NEW_MIGRATION,
        response: { 200: PLAN_DOCUMENT },
      },
    },
    ({ params: { id }, body: { migration } }) => office.edit(id, migration),
  );
}

/** Rejects with NOT_FOUND. */
export async function batchRow({ views }: ServiceContext, id: number): Promise<BatchRow> {
  const row = await views.batch(id);
  if (row === null) throw new XenferryError('NOT_FOUND', `there is no batch ${id}`);
  return row;
}

async function summaryOf(context: ServiceContext, id: number): Promise<BatchSummary> {
  const [summary] = await context.summaries.of([await batchRow(context, id)]);
  if (summary === undefined) throw new XenferryError('NOT_FOUND', `there is no batch ${id}`);
  return summary;
}
