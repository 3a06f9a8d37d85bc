export { renderHtml } from './html.js';
export { collectReport, type MachineReport, type RunReport } from './run-report.js';
export { writeReport } from './write-report.js';
