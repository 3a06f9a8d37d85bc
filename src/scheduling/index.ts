export { type BandwidthCap, DEFAULT_POLICY, type Policy } from '../model/night.js';
export { bottleneckInWords, bottleneckOf } from './bottleneck.js';
export { type Decision, decide, type Stop } from './decide.js';
export { type Forecast, forecast, type JobForecast, type WaveForecast } from './forecast.js';
export type { Hold, HoldKind } from './holds.js';
export { guessesOf, type JobFacts, jobOf } from './job-of.js';
export type { HopRate } from './measured-hop.js';
export {
  type Failure,
  type Hop,
  type HopKind,
  type HopUse,
  hopKey,
  type Job,
  type JobProgress,
  type JobState,
  type KnownRates,
  type Night,
  type NightLimits,
  type Wave,
  type WayIn,
} from './night.js';
export { nightOf } from './night-of.js';
export { type Moved, RateMeter } from './rate-meter.js';
export { refuseUnsoundOrder } from './sound-order.js';
export { type Load, startTuning, type Tuning, tune } from './tuning.js';
export { goingIn } from './ways-in.js';
