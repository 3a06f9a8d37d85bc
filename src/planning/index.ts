export { buildPlan, type PlanOptions } from './build-plan.js';
export { type DiskSurvey, surveyDisk, surveyImage } from './survey.js';
export { freeBytes } from './target-space.js';
