import { html } from '../../model/html-markup.js';
import type { Plan } from '../../model/plan.js';
import { page } from '../html-page.js';
import { STYLE } from '../html-style.js';
import { assumptions } from './html-assumptions.js';
import { checklist } from './html-checklist.js';
import { concerns } from './html-concerns.js';
import { annex } from './html-details.js';
import { header } from './html-header.js';
import { machines } from './html-machines.js';
import { mappings } from './html-mappings.js';
import { MACHINES_SCRIPT } from './html-script.js';
import { signatures } from './html-signatures.js';
import { PLAN_STYLE } from './html-style.js';
import { waves } from './html-waves.js';
import { planPage } from './page-context.js';

export interface PlanHtmlOptions {
  readonly generatedAt: Date;
  /** What the customer calls the undertaking; `Migration plan` when left out. */
  readonly title?: string;
}

/**
 * The plan as one HTML page that needs nothing else, to be read and signed. All of it is there without the page's
 * script, which finds and sorts machines.
 */
export function planHtml(plan: Plan, { generatedAt, title = 'Migration plan' }: PlanHtmlOptions): string {
  const context = planPage(plan);
  return page({
    title: `Xenferry: ${title}`,
    style: STYLE + PLAN_STYLE,
    script: MACHINES_SCRIPT,
    body: html`${header(context, title, generatedAt)}
${waves(context)}
${concerns(context)}
${machines(context)}
${mappings(context)}
${checklist(context)}
${assumptions(context)}
${signatures(context)}
${annex(context)}`,
  });
}
