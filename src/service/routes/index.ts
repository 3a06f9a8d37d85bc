import type { App } from '../app.js';
import type { ServiceContext } from '../context.js';
import { batchRoutes } from './batches.js';
import { eventRoutes } from './events.js';
import { jobRoutes } from './jobs.js';
import { orderRoutes } from './orders.js';
import { probeRoutes } from './probes.js';
import { reportRoutes } from './reports.js';
import { rollbackRoutes } from './rollbacks.js';
import { scheduleRoutes } from './schedules.js';
import { serviceRoutes } from './service.js';
import { timelineRoutes } from './timeline.js';
import { tokenRoutes } from './tokens.js';

/** Every address of the service but the dashboard's files. */
export function addRoutes(app: App, context: ServiceContext): void {
  for (const add of [
    probeRoutes,
    serviceRoutes,
    batchRoutes,
    orderRoutes,
    jobRoutes,
    timelineRoutes,
    reportRoutes,
    rollbackRoutes,
    eventRoutes,
    scheduleRoutes,
    tokenRoutes,
  ]) {
    add(app, context);
  }
}
