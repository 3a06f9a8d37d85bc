import { resolve } from 'node:path';
import { z } from 'zod';
import type { ScheduleRecord } from '../../ledger/index.js';
import { XenferryError } from '../../model/errors.js';
import { ID_PARAMS } from '../api/common.js';
import { NEW_SCHEDULE, SCHEDULE, SCHEDULE_PAGE, type Schedule } from '../api/schedules.js';
import type { App } from '../app.js';
import type { ServiceContext } from '../context.js';
import { scheduleDocument, scheduleSpec, specOf } from '../schedules/schedule-spec.js';

export function scheduleRoutes(app: App, context: ServiceContext): void {
  const { ledger } = context;
  const book = ledger.schedules;

  app.get(
    '/v1/schedules',
    {
      config: { access: 'viewer' },
      schema: { summary: 'Batches that begin by the clock', response: { 200: SCHEDULE_PAGE } },
    },
    async () => ({ items: (await book.list()).map(scheduleDocument), next: null }),
  );

  app.post(
    '/v1/schedules',
    {
      config: { access: 'operator' },
      schema: { summary: 'Have batches begin by the clock', body: NEW_SCHEDULE, response: { 201: SCHEDULE } },
    },
    async ({ body }, reply) => {
      const wish = await admitted(context, body);
      const spec = JSON.stringify(scheduleSpec(wish, Date.now()));
      const id = await book.add({ name: body.name, spec, enabled: body.enabled });
      if (id === null) throw nameTaken(body.name);
      return reply.code(201).send(await scheduleOf(context, id));
    },
  );

  app.put(
    '/v1/schedules/:id',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'Change a schedule',
        params: ID_PARAMS,
        body: NEW_SCHEDULE,
        response: { 200: SCHEDULE },
      },
    },
    async ({ params: { id }, body }) => {
      const known = specOf(await recordOf(context, id));
      const wish = await admitted(context, body);
      // What was taken out of another folder says nothing of this one.
      const taken = known.folder === wish.folder ? known.taken : {};
      const spec = JSON.stringify(scheduleSpec(wish, Date.now(), taken));
      if (!(await book.replace(id, { name: body.name, spec, enabled: body.enabled })))
        throw nameTaken(body.name);
      return await scheduleOf(context, id);
    },
  );

  app.delete(
    '/v1/schedules/:id',
    {
      config: { access: 'operator' },
      schema: { summary: 'Remove a schedule', params: ID_PARAMS, response: { 204: z.undefined() } },
    },
    async ({ params: { id } }, reply) => {
      if (!(await book.remove(id))) throw noSuchSchedule(id);
      return reply.code(204).send();
    },
  );
}

/**
 * With the absolute path of a folder that may be watched. Rejects with PATH_NOT_ALLOWED, and with CONFIG_INVALID for a
 * migration of which no batch can be made.
 */
async function admitted(
  { paths, home, planner }: ServiceContext,
  wish: z.output<typeof NEW_SCHEDULE>,
): Promise<z.output<typeof NEW_SCHEDULE>> {
  await planner.check(wish.migration, wish.folder !== null);
  if (wish.folder === null) return wish;
  const folder = resolve(home, wish.folder);
  await paths.admit(folder);
  return { ...wish, folder };
}

async function recordOf({ ledger }: ServiceContext, id: number): Promise<ScheduleRecord> {
  const record = (await ledger.schedules.list()).find((schedule) => schedule.id === id);
  if (record === undefined) throw noSuchSchedule(id);
  return record;
}

async function scheduleOf(context: ServiceContext, id: number): Promise<Schedule> {
  return scheduleDocument(await recordOf(context, id));
}

function noSuchSchedule(id: number): XenferryError {
  return new XenferryError('NOT_FOUND', `there is no schedule ${id}`);
}

function nameTaken(name: string): XenferryError {
  return new XenferryError('NAME_TAKEN', `there is a schedule ${JSON.stringify(name)} already`);
}
