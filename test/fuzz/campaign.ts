import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { caseId, corpusId, makeCase } from './case.js';
import { corpusNames, writeCorpusEntry } from './corpus.js';
import { Tally } from './tally.js';
import type { FuzzTarget } from './targets/target.js';
import type { Verdict } from './verdict.js';
import { WatchedChild } from './watched-child.js';

export interface CampaignOptions {
  /** Absolute path of the compiled fuzzer. */
  readonly program: string;
  readonly seconds: number;
  readonly seed: number;
  readonly targets: readonly FuzzTarget[];
}

/** Inputs of one target in a row: enough to make messages and caches pay, few enough to reach all targets soon. */
const BATCH = 50;
/** A process is replaced before what garbage it has gathered is taken for an input's. */
const INPUTS_PER_CHILD = 2_000;
const FAILURES = 'samples/.cache/fuzz/failures';
/** What may be the fault of a busy machine or of the inputs before; believed when it happens again alone. */
const DOUBTFUL: readonly string[] = ['slow', 'memory', 'died'];

/** Replays the corpus, then runs new inputs until the time is over. Resolves with what it counted. */
export async function runCampaign({ program, seconds, seed, targets }: CampaignOptions): Promise<Tally> {
  const tally = new Tally();
  const batches = allBatches(seed, targets);
  const end = performance.now() + seconds * 1000;
  const lanes = Array.from({ length: availableParallelism() }, async () => {
    const lane = new Lane(program, tally);
    for (const { ids, replay } of batches) {
      if (!replay && performance.now() >= end) break;
      await lane.run(ids);
    }
    await lane.close();
  });
  await Promise.all(lanes);
  return tally;
}

function* allBatches(
  seed: number,
  targets: readonly FuzzTarget[],
): Generator<{ ids: readonly string[]; replay: boolean }> {
  yield { ids: corpusNames().map(corpusId), replay: true };
  for (let first = 0; ; first += BATCH) {
    for (const { name } of targets) {
      yield { ids: Array.from({ length: BATCH }, (_, i) => caseId(name, seed, first + i)), replay: false };
    }
  }
}

/** One process at a time, replaced when it dies or has done its share. */
class Lane {
  readonly #program: string;
  readonly #tally: Tally;
  #child: WatchedChild;

  constructor(program: string, tally: Tally) {
    this.#program = program;
    this.#tally = tally;
    this.#child = new WatchedChild(program);
  }

  async run(ids: readonly string[]): Promise<void> {
    for (let left = ids; left.length > 0; ) {
      const verdicts: Verdict[] = [];
      const alive = await this.#child.run(left, (verdict) => verdicts.push(verdict));
      left = left.slice(verdicts.length);
      const suspect = verdicts.some(({ failure }) => failure !== null);
      if (!alive || suspect || this.#child.verdicts >= INPUTS_PER_CHILD) await this.#replaceChild();
      for (const verdict of verdicts) await this.#settle(verdict);
    }
  }

  async close(): Promise<void> {
    await this.#child.close();
  }

  async #settle(verdict: Verdict): Promise<void> {
    const doubtful = verdict.failure !== null && DOUBTFUL.includes(verdict.failure.kind);
    const final = doubtful ? await runAlone(this.#program, verdict.id) : verdict;
    this.#tally.add(final);
    if (final.failure !== null) tellFailure(final);
  }

  async #replaceChild(): Promise<void> {
    await this.#child.close();
    this.#child = new WatchedChild(this.#program);
  }
}

/** The verdict of an input in a process of its own. */
export async function runAlone(program: string, id: string): Promise<Verdict> {
  const child = new WatchedChild(program);
  let result: Verdict = { id, refusal: null, failure: null };
  await child.run([id], (verdict) => {
    result = verdict;
  });
  await child.close();
  return result;
}

/** Prints a failure with the command that repeats it, and keeps the input as an entry for the corpus. */
export function tellFailure({ id, failure }: Verdict): void {
  if (failure === null) return;
  const { target, files, wholeWay } = makeCase(id);
  mkdirSync(FAILURES, { recursive: true });
  const path = join(FAILURES, `${id.replaceAll(':', '-')}.json`);
  writeCorpusEntry(path, {
    story: failure.detail.split('\n')[0] ?? '',
    target: target.name,
    wholeWay,
    files,
  });
  console.log(
    `FAILED (${failure.kind}): npm run fuzz -- --repeat ${id}\n  kept as ${path}\n  ${failure.detail}\n`,
  );
}
