import { z } from 'zod';
import { HEALTH } from '../api/service.js';
import type { App } from '../app.js';
import type { ServiceContext } from '../context.js';

export function probeRoutes(app: App, { state, views, metrics, openMetrics }: ServiceContext): void {
  app.get(
    '/healthz',
    {
      config: { access: 'open' },
      schema: { summary: 'Whether the process lives', response: { 200: HEALTH } },
    },
    async () => ({ status: 'ok' as const }),
  );

  app.get(
    '/readyz',
    {
      config: { access: 'open' },
      schema: {
        summary: 'Whether it takes requests and reaches its ledger',
        response: { 200: HEALTH, 503: HEALTH },
      },
    },
    async (_request, reply) => {
      const now = state();
      if (now !== 'ok') return reply.code(503).send({ status: now });
      try {
        await views.workers(1);
        return await reply.send({ status: now });
      } catch {
        return await reply.code(503).send({ status: 'ledger unreachable' });
      }
    },
  );

  app.get(
    '/metrics',
    {
      config: { access: openMetrics ? 'open' : 'viewer' },
      schema: {
        summary: 'Metrics for Prometheus',
        response: { 200: { description: 'Metrics', content: { 'text/plain': { schema: z.string() } } } },
      },
    },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()),
  );

  app.get(
    '/openapi.json',
    {
      config: { access: 'open' },
      schema: { hide: true, summary: 'This interface', response: { 200: z.unknown() } },
    },
    async () => app.swagger(),
  );
}
