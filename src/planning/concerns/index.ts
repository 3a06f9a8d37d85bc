export type { CompiledRule } from './compile-rule.js';
export { describeFunctions, describeRules } from './describe-rules.js';
export { RuleBook } from './evaluate.js';
export { loadRules } from './load-rules.js';
export type { PlanContext } from './machine-facts.js';
export { type PlanFacts, planFacts, type Unmatched } from './plan-facts.js';
export { SharedResources } from './shared-resources.js';
export { applyWaivers, type WaiverReasons, waiverConcerns, waiversFor } from './waivers.js';
