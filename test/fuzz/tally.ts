import type { Verdict } from './verdict.js';

interface TargetTally {
  inputs: number;
  readonly refusals: Map<string, number>;
  failures: number;
}

/** Counts verdicts by target. */
export class Tally {
  readonly #targets = new Map<string, TargetTally>();
  readonly #start = performance.now();

  add({ id, refusal, failure }: Verdict): void {
    const name = id.slice(0, id.indexOf(':'));
    const target = this.#targets.get(name) ?? { inputs: 0, refusals: new Map(), failures: 0 };
    this.#targets.set(name, target);
    target.inputs++;
    if (failure !== null) target.failures++;
    else target.refusals.set(refusal ?? 'read', (target.refusals.get(refusal ?? 'read') ?? 0) + 1);
  }

  get failures(): number {
    return this.#sum(({ failures }) => failures);
  }

  get inputs(): number {
    return this.#sum(({ inputs }) => inputs);
  }

  toString(): string {
    const lines = [...this.#targets].map(([name, { inputs, refusals, failures }]) => {
      const ends = [...refusals].sort(([, a], [, b]) => b - a).map(([code, count]) => `${code} ${count}`);
      const failed = failures === 0 ? '' : `, ${failures} FAILED`;
      return `${name}: ${inputs} inputs${failed}\n    ${ends.join(', ')}\n`;
    });
    const seconds = (performance.now() - this.#start) / 1000;
    const speed = Math.round(this.inputs / seconds);
    return `${lines.join('')}${this.inputs} inputs in ${Math.round(seconds)} s (${speed}/s), ${this.failures} failed\n`;
  }

  #sum(of: (target: TargetTally) => number): number {
    return [...this.#targets.values()].reduce((sum, target) => sum + of(target), 0);
  }
}
