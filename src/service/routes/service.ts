import { OVERVIEW, PROFILE_PAGE, SESSION, WORKER_PAGE } from '../api/service.js';
import { type App, bearerOf } from '../app.js';
import type { ServiceContext } from '../context.js';

const MAX_OPEN = 50;
const LAST_ENDED = 5;
const MAX_WORKERS = 500;

export function serviceRoutes(app: App, { version, views, summaries, profiles }: ServiceContext): void {
  app.get(
    '/v1/session',
    {
      config: { access: 'viewer' },
      schema: { summary: 'Who the token is', response: { 200: SESSION } },
    },
    async (request) => {
      const { name, role } = bearerOf(request);
      return { name, role, version };
    },
  );

  app.get(
    '/v1/overview',
    {
      config: { access: 'viewer' },
      schema: { summary: 'All that goes on, and what ended last', response: { 200: OVERVIEW } },
    },
    async () => {
      const newest = Number.MAX_SAFE_INTEGER;
      const [open, ended, workers] = await Promise.all([
        views.batches(['draft', 'queued', 'running'], newest, MAX_OPEN),
        views.batches(['ended'], newest, LAST_ENDED),
        views.workers(MAX_WORKERS),
      ]);
      return { now: Date.now(), batches: await summaries.of([...open, ...ended]), workers };
    },
  );

  app.get(
    '/v1/workers',
    {
      config: { access: 'viewer' },
      schema: { summary: 'Machines that convert, the last heard of first', response: { 200: WORKER_PAGE } },
    },
    async () => ({ items: await views.workers(MAX_WORKERS), next: null }),
  );

  app.get(
    '/v1/profiles',
    {
      config: { access: 'viewer' },
      schema: { summary: 'Guest families', response: { 200: PROFILE_PAGE } },
    },
    async () => ({
      items: profiles.map(({ id, title, family, support, limits }) => ({
        id,
        title,
        family,
        support,
        limits: [...limits],
      })),
      next: null,
    }),
  );
}
