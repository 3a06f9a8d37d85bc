import { z } from 'zod';
import { XenferryError } from '../../model/errors.js';
import { ID_PARAMS } from '../api/common.js';
import { ISSUED_TOKEN, NEW_TOKEN, TOKEN_PAGE } from '../api/service.js';
import type { App } from '../app.js';
import type { ServiceContext } from '../context.js';
import { issueToken } from '../tokens.js';

export function tokenRoutes(app: App, { ledger, authority }: ServiceContext): void {
  app.get(
    '/v1/tokens',
    {
      config: { access: 'admin' },
      schema: { summary: 'Who may use the service', response: { 200: TOKEN_PAGE } },
    },
    async () => ({ items: await ledger.tokens.list(), next: null }),
  );

  app.post(
    '/v1/tokens',
    {
      config: { access: 'admin', isSecret: true },
      schema: {
        summary: 'Make a token; this answer alone has it',
        body: NEW_TOKEN,
        response: { 201: ISSUED_TOKEN },
      },
    },
    async ({ body }, reply) => reply.code(201).send(await issueToken(ledger, body)),
  );

  app.delete(
    '/v1/tokens/:id',
    {
      config: { access: 'admin' },
      schema: { summary: 'Revoke a token', params: ID_PARAMS, response: { 204: z.undefined() } },
    },
    async ({ params: { id } }, reply) => {
      const gone = await ledger.tokens.remove(id);
      authority.forget();
      if (!gone) throw new XenferryError('NOT_FOUND', `there is no token ${id}`);
      return reply.code(204).send();
    },
  );
}
