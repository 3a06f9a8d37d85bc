export { buildPlan, type PlanOptions } from './build-plan.js';
export { type DiskSurvey, surveyDisk } from './survey.js';
export { freeBytes } from './target-space.js';
