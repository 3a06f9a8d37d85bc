import { ID_PARAMS } from '../api/common.js';
import { ROLLBACK_PROSPECT, ROLLBACK_QUERY, ROLLBACK_WISH } from '../api/jobs.js';
import { type App, bearerOf } from '../app.js';
import type { ServiceContext } from '../context.js';

export function rollbackRoutes(app: App, { rollbacks }: ServiceContext): void {
  app.get(
    '/v1/jobs/:id/rollback',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'What it would take to take a machine back to its source; changes nothing',
        params: ID_PARAMS,
        querystring: ROLLBACK_QUERY,
        response: { 200: ROLLBACK_PROSPECT },
      },
    },
    ({ params: { id }, query: { force } }) => rollbacks.prospect(id, force),
  );

  app.post(
    '/v1/jobs/:id/rollback',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'Take a machine back to the vCenter or ESXi host that it was moved from',
        params: ID_PARAMS,
        body: ROLLBACK_WISH,
        response: { 202: ROLLBACK_PROSPECT },
      },
    },
    async (request, reply) => {
      const { params, body } = request;
      return reply.code(202).send(await rollbacks.begin(params.id, body.force, bearerOf(request).name));
    },
  );
}
