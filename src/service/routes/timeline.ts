import type { Sample } from '../../model/outlook.js';
import { TIMELINE } from '../api/batches.js';
import { ID_PARAMS } from '../api/common.js';
import type { App } from '../app.js';
import type { ServiceContext } from '../context.js';
import { stateOf } from '../job-documents.js';
import { jobOutlook } from '../outlooks.js';
import { batchRow } from './batches.js';

const MAX_JOBS = 2000;
const MAX_SAMPLES = 1000;

export function timelineRoutes(app: App, context: ServiceContext): void {
  const { views, outlooks } = context;

  app.get(
    '/v1/batches/:id/timeline',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'A night at a glance: what ran when, and what is expected',
        params: ID_PARAMS,
        response: { 200: TIMELINE },
      },
    },
    async ({ params: { id } }) => {
      await batchRow(context, id);
      const [jobs, samples, outlook] = await Promise.all([
        views.timeline(id, MAX_JOBS),
        views.samples(id, MAX_SAMPLES),
        outlooks.ofBatch(id),
      ]);
      return {
        now: Date.now(),
        window: outlook?.window ?? null,
        blackOuts: [...(outlook?.blackOuts ?? [])],
        samples: samples.map(({ at, data }) => ({ at, ...(JSON.parse(data) as Sample) })),
        jobs: jobs.map((job) => {
          const ahead = jobOutlook(outlook, job.id);
          return {
            ...job,
            state: stateOf(job),
            expectedStart: ahead?.startsAt ?? null,
            expectedEnd: ahead?.endsAt ?? null,
          };
        }),
        endsAt: outlook?.endsAt ?? null,
        estimateEndsAt: outlook?.estimateEndsAt ?? null,
      };
    },
  );
}
