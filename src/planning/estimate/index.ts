export {
  compareEstimates,
  type EstimateComparison,
  type EstimateTotal,
  type WaveComparison,
} from './compare-estimates.js';
export { DEFAULT_LIMITS, DEFAULT_RATES, limitsOf, ratesOf } from './defaults.js';
export { type EstimateInput, estimatePlan } from './estimate-plan.js';
export { applyWhatIf } from './what-if.js';
export { type Improvement, whatWouldHelp } from './what-would-help.js';
