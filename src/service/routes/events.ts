import { z } from 'zod';
import { XenferryError } from '../../model/errors.js';
import { ID } from '../api/common.js';
import { type App, bearerOf } from '../app.js';
import type { ServiceContext } from '../context.js';
import { MAX_STREAMS } from '../event-streams.js';

const EVENTS_QUERY = z.object({
  batch: z.coerce.number().pipe(ID).optional(),
  /** Number of the last event that is known; counts less than the header Last-Event-ID. */
  after: z.coerce.number().int().min(0).optional(),
});

export function eventRoutes(app: App, { streams }: ServiceContext): void {
  app.get(
    '/v1/events',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'What happens, as server-sent events; Last-Event-ID goes on where a client was',
        querystring: EVENTS_QUERY,
        response: {
          200: {
            description: 'Events with the documents of a machine’s log, and `progress` without an id',
            content: { 'text/event-stream': { schema: z.unknown() } },
          },
        },
      },
    },
    async (request, reply) => {
      if (streams.number >= MAX_STREAMS) {
        throw new XenferryError('SERVICE_BUSY', 'too many clients follow what happens');
      }
      const { batch = null, after = null } = request.query;
      const known = lastEventId(request.headers['last-event-id']) ?? after;
      const stream = await streams.open(bearerOf(request).id, batch, known);
      return reply.header('cache-control', 'no-store').type('text/event-stream').send(stream);
    },
  );
}

function lastEventId(header: string | string[] | undefined): number | null {
  return typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : null;
}
