import { fileURLToPath } from 'node:url';
import { measureLoad } from '../support/service-load.js';

const MAIN = fileURLToPath(new URL('./xenferry.js', import.meta.url));

/** The service under 50 dashboards that each ask for something once a second while a night of 10,000 machines runs. */
export async function benchService(): Promise<void> {
  const load = { program: MAIN, jobs: 10_000, clients: 50, seconds: 30, pauseMs: 1000 };
  const { views, cpuMs, loopDelayP99 } = await measureLoad(load);
  console.log('| view | p50 ms | p99 ms | times |');
  console.log('| --- | --- | --- | --- |');
  for (const [view, { p50, p99, times }] of Object.entries(views)) {
    console.log(`| ${view} | ${p50.toFixed(1)} | ${p99.toFixed(1)} | ${times} |`);
  }
  console.log(
    `\n${cpuMs.toFixed(2)} ms of CPU a request; p99 of the event loop's delay ${loopDelayP99.toFixed(1)} ms`,
  );
}
