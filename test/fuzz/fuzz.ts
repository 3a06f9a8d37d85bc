import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runAlone, runCampaign, tellFailure } from './campaign.js';
import { serve } from './child.js';
import { TARGETS, targetNamed } from './targets/index.js';

const USAGE =
  'usage: npm run fuzz -- SECONDS [--seed N] [--only TARGET], npm run fuzz -- --repeat TARGET:SEED:NUMBER';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string' },
    only: { type: 'string' },
    repeat: { type: 'string' },
    child: { type: 'string' },
  },
});
const seconds = Number(positionals[0]);
const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
const program = fileURLToPath(import.meta.url);

if (values.child !== undefined) serve(values.child);
else if (values.repeat !== undefined) await repeat(values.repeat);
else if (seconds > 0 && Number.isSafeInteger(seed) && seed >= 0) await campaign();
else {
  console.error(USAGE);
  process.exitCode = 2;
}

/** Children start no tools, so that seeds must be there before them. */
function buildSeeds(): void {
  for (const { seeds } of TARGETS) seeds();
}

async function campaign(): Promise<void> {
  buildSeeds();
  console.log(`seed ${seed}`);
  const targets = values.only === undefined ? TARGETS : [targetNamed(values.only)];
  const tally = await runCampaign({ program, seconds, seed, targets });
  console.log(tally.toString());
  if (tally.failures > 0) process.exitCode = 1;
}

async function repeat(id: string): Promise<void> {
  buildSeeds();
  const verdict = await runAlone(program, id);
  if (verdict.failure === null) console.log(`${id}: ${verdict.refusal ?? 'read'}`);
  else process.exitCode = 1;
  tellFailure(verdict);
}
