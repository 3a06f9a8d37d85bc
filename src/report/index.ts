export { renderHtml } from './html.js';
export { planCsv } from './plan/csv.js';
export { type PlanHtmlOptions, planHtml } from './plan/html.js';
export { type MachineSummary, type PlanSummary, planSummary, type Verdict } from './plan/summary.js';
export { runCsv } from './run-csv.js';
export { collectReport, isStarted, type MachineReport, type RunReport } from './run-report.js';
export { sourceChangeState } from './source-change-state.js';
export { writeReport } from './write-report.js';
