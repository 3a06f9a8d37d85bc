export { buildPlan, type PlanOptions } from './build-plan.js';
export { type CompiledRule, loadRules } from './concerns/index.js';
export { destinationOf, type FileKind, serverReference } from './destination.js';
export { applyWhatIf, compareEstimates, type EstimateComparison } from './estimate/index.js';
export { livePolicy } from './live/planned-live.js';
export { migrationJsonSchema } from './migration-file/json-schema.js';
export { FILE_KINDS, type Migration } from './migration-file/schema.js';
export { type MigrationText, type Preparation, prepare } from './prepare.js';
