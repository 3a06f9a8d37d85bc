import type { Concern } from '../../model/plan.js';
import type { CompiledRule } from './compile-rule.js';
import { reasonOf } from './expressions.js';

interface Failure {
  readonly rule: CompiledRule;
  /** What it was asked about first, and what then went wrong. */
  readonly where: string;
  readonly reason: string;
  times: number;
}

/** Rules that could not be decided: they asked for what a machine does not have. */
export class RuleFailures {
  readonly #failures = new Map<string, Failure>();

  note(rule: CompiledRule, where: string, error: unknown): void {
    const known = this.#failures.get(rule.rule.id);
    if (known !== undefined) known.times++;
    else this.#failures.set(rule.rule.id, { rule, where, reason: reasonOf(error), times: 1 });
  }

  /** Ids of all rules that failed, shipped ones included. */
  get ids(): readonly string[] {
    return [...this.#failures.keys()];
  }

  /** One for each of the operator's own rules that failed. */
  concerns(): Concern[] {
    return [...this.#failures.values()]
      .filter(({ rule }) => !rule.shipped)
      .map(({ rule, where, reason, times }) => ({
        id: 'RULE_FAILED',
        severity: 'warning',
        about: rule.rule.id,
        message: `The rule could not be decided ${times === 1 ? 'once' : `${times} times`}, first for ${where}: ${reason}.`,
        remedy: 'Let the rule ask first whether the fact is there, such as `vm.guest.tools != null && ...`.',
        fix: null,
        waivable: true,
        waived: null,
      }));
  }
}
