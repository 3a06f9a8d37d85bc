import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { scratchRoot } from './scratch.js';
import { VERDICT, type Verdict } from './verdict.js';

/** An input that gives no verdict for this long hangs, however busy the machine. */
const SILENCE_MILLISECONDS = 10_000;
/** Makes refusals of foreign formats ours alone: no process is started for an input. */
const NO_TOOLS = '/nonexistent';

/** A process that runs inputs, and what ends it when one hangs. */
export class WatchedChild {
  readonly #folder = mkdtempSync(join(scratchRoot(), 'xenferry-fuzz-'));
  readonly #process: ChildProcess;
  #verdicts = 0;

  /** `program`: absolute path of the compiled fuzzer. */
  constructor(program: string) {
    this.#process = fork(program, ['--child', this.#folder], {
      env: { ...process.env, PATH: NO_TOOLS },
      execArgv: ['--max-old-space-size=512'],
    });
  }

  /** How many inputs it has run. */
  get verdicts(): number {
    return this.#verdicts;
  }

  /**
   * Runs inputs in order; `onVerdict` is told of each. Resolves with true when all are done, with false when the
   * process died or was killed: the last verdict then is of the kind `died`, and the inputs behind it were not run.
   */
  async run(ids: readonly string[], onVerdict: (verdict: Verdict) => void): Promise<boolean> {
    let done = 0;
    let silence: NodeJS.Timeout | undefined;
    let killed = false;
    const watch = () => {
      clearTimeout(silence);
      silence = setTimeout(() => {
        killed = true;
        this.#process.kill('SIGKILL');
      }, SILENCE_MILLISECONDS);
    };
    return await new Promise((resolve) => {
      const end = (whole: boolean) => {
        clearTimeout(silence);
        this.#process.removeAllListeners();
        resolve(whole);
      };
      this.#process.on('message', (message) => {
        this.#verdicts++;
        onVerdict(VERDICT.parse(message));
        done++;
        if (done === ids.length) end(true);
        else watch();
      });
      this.#process.once('exit', (code, signal) => {
        const detail = killed
          ? `no end after ${SILENCE_MILLISECONDS / 1000} s`
          : `the process ended (${signal ?? code})`;
        onVerdict({ id: ids[done] ?? '', refusal: null, failure: { kind: 'died', detail } });
        end(false);
      });
      this.#process.send([...ids]);
      watch();
    });
  }

  async close(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const exited = once(this.#process, 'exit');
      this.#process.kill('SIGKILL');
      await exited;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
