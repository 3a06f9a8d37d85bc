import { createHash } from 'node:crypto';
import { z } from 'zod';
import { XenferryError } from '../../model/errors.js';
import { collectReport, type RunReport, renderHtml, runCsv } from '../../report/index.js';
import { ID_PARAMS } from '../api/common.js';
import type { App } from '../app.js';
import type { ServiceContext } from '../context.js';
import { batchRow } from './batches.js';

export function reportRoutes(app: App, context: ServiceContext): void {
  app.get(
    '/v1/batches/:id/report.html',
    {
      config: { access: 'viewer' },
      schema: { summary: 'The report as a page', params: ID_PARAMS, response: { 200: textOf('text/html') } },
    },
    async ({ params: { id } }, reply) => {
      const page = renderHtml(await reportOf(context, id));
      return reply
        .header('content-security-policy', pagePolicy(page))
        .type('text/html; charset=utf-8')
        .send(page);
    },
  );

  app.get(
    '/v1/batches/:id/report.json',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'The report with all that is known',
        params: ID_PARAMS,
        response: { 200: textOf('application/json') },
      },
    },
    async ({ params: { id } }, reply) =>
      reply.type('application/json; charset=utf-8').send(JSON.stringify(await reportOf(context, id))),
  );

  app.get(
    '/v1/batches/:id/report.csv',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'The report as a table with a row a machine',
        params: ID_PARAMS,
        response: { 200: textOf('text/csv') },
      },
    },
    async ({ params: { id } }, reply) =>
      reply.type('text/csv; charset=utf-8').send(runCsv(await reportOf(context, id))),
  );
}

function textOf(type: string) {
  return { description: 'The report', content: { [type]: { schema: z.string() } } };
}

async function reportOf(context: ServiceContext, id: number): Promise<RunReport> {
  const { target } = await batchRow(context, id);
  const report = await collectReport(context.ledger, target, id);
  if (report === null) throw new XenferryError('NOT_FOUND', `there is no report of batch ${id}`);
  return report;
}

/** Lets the page have the style and the script that stand in it, and nothing else. */
function pagePolicy(page: string): string {
  const sources = (tag: string) =>
    [...page.matchAll(new RegExp(`<${tag}>([^]*?)</${tag}>`, 'g'))].map(
      ([, text = '']) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`,
    );
  const styles = sources('style').join(' ') || "'none'";
  const scripts = sources('script').join(' ') || "'none'";
  return `default-src 'none'; style-src ${styles}; script-src ${scripts}; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
}
