import { join } from 'node:path';
import { makeCase } from './case.js';
import { judge } from './judge.js';
import { ORDER, type Verdict } from './verdict.js';

/** The child process: runs the inputs it is told and tells the verdict of each before it begins the next. */
export function serve(folder: string): void {
  process.on('message', (message) => {
    run(ORDER.parse(message), folder).catch((error) => {
      console.error(error);
      process.exit(1);
    });
  });
}

async function run(ids: readonly string[], folder: string): Promise<void> {
  for (const id of ids) {
    const fuzzCase = makeCase(id);
    await tell(await judge(id, fuzzCase, join(folder, fuzzCase.target.name)));
  }
}

/** Resolves when the parent has it: what comes next may kill this process. */
function tell(verdict: Verdict): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.(verdict, (error: Error | null) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}
