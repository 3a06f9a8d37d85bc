import type { RunReport } from './run-report.js';

/** The whole report as one HTML page that needs nothing else. */
export function renderHtml(report: RunReport): string {
  return `<!doctype html><title>${report.totals.machines}</title>`;
}
