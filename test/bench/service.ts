import { measureLoad } from '../support/service-load.js';

/** The service under 50 dashboards that each ask for something once a second. */
export async function benchService(): Promise<void> {
  const result = await measureLoad({ jobs: 10_000, clients: 50, seconds: 30, pauseMs: 1000 });
  for (const [view, { p50, p99, times }] of Object.entries(result)) {
    console.log(`${view.padEnd(10)} p50 ${p50.toFixed(1)} ms  p99 ${p99.toFixed(1)} ms  (${times} times)`);
  }
}
