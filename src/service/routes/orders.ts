import type { Order } from '../../ledger/index.js';
import { NEW_ORDER, ORDER, ORDER_PAGE, type Order as OrderDocument } from '../api/batches.js';
import { ID_PARAMS, PAGE_QUERY } from '../api/common.js';
import { type App, bearerOf } from '../app.js';
import type { ServiceContext } from '../context.js';
import { numberAt, pageOfMore } from '../cursor.js';
import { batchRow } from './batches.js';

export function orderRoutes(app: App, context: ServiceContext): void {
  const { ledger, office } = context;

  app.get(
    '/v1/batches/:id/orders',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'Orders given to a batch, newest first',
        params: ID_PARAMS,
        querystring: PAGE_QUERY,
        response: { 200: ORDER_PAGE },
      },
    },
    async ({ params: { id }, query: { cursor, limit } }) => {
      await batchRow(context, id);
      const before = numberAt(cursor) ?? Number.MAX_SAFE_INTEGER;
      const rows = await ledger.orders.latest(id, before, limit + 1);
      return pageOfMore(rows, limit, orderDocument, (order) => [order.id]);
    },
  );

  app.post(
    '/v1/batches/:id/orders',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'Pause, resume, cancel, retry or refix a batch, a wave or a machine',
        params: ID_PARAMS,
        body: NEW_ORDER,
        response: { 202: ORDER },
      },
    },
    async (request, reply) => {
      const order = await office.order(request.params.id, request.body, bearerOf(request).name);
      return reply.code(202).send(orderDocument(order));
    },
  );
}

function orderDocument({ id, at, by, verb, scope, subject, obeyedAt }: Order): OrderDocument {
  return { id, at, givenBy: by, verb, scope, subject, obeyedAt };
}
