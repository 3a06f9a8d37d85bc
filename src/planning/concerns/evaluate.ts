import type { Profile } from '../../guests/profiles/index.js';
import type { Concern, PlannedMachine } from '../../model/plan.js';
import type { CompiledRule } from './compile-rule.js';
import {
  deviceFacts,
  diskFacts,
  type Facts,
  machineFacts,
  nicFacts,
  type PartFacts,
  type PlanContext,
  snapshotFacts,
  targetFacts,
  volumeFacts,
} from './machine-facts.js';
import type { PlanFacts } from './plan-facts.js';
import { RuleFailures } from './rule-failures.js';
import type { RuleScope } from './rule-schema.js';

type PartScope = Exclude<RuleScope, 'machine' | 'plan'>;

const PARTS: readonly {
  readonly scope: PartScope;
  readonly of: (planned: PlannedMachine, shared: PlanContext['shared']) => PartFacts[];
}[] = [
  { scope: 'disk', of: diskFacts },
  { scope: 'nic', of: nicFacts },
  { scope: 'device', of: deviceFacts },
  { scope: 'snapshot', of: snapshotFacts },
  { scope: 'volume', of: volumeFacts },
];

/**
 * Asks one plan's rules. A shipped rule that cannot be decided says nothing; of the operator's own ones the plan's
 * concerns then tell, so these are asked for last.
 */
export class RuleBook {
  readonly #rules: Readonly<Record<RuleScope, readonly CompiledRule[]>>;
  readonly #context: PlanContext;
  readonly #target: Facts;
  readonly #failures = new RuleFailures();

  constructor(rules: readonly CompiledRule[], context: PlanContext) {
    const of = (scope: RuleScope) => rules.filter(({ rule }) => rule.scope === scope);
    this.#rules = {
      machine: of('machine'),
      disk: of('disk'),
      nic: of('nic'),
      device: of('device'),
      snapshot: of('snapshot'),
      volume: of('volume'),
      plan: of('plan'),
    };
    this.#context = context;
    this.#target = targetFacts(context.target);
  }

  /** What the rules say of a machine, then of its disks, network cards and so on. `profile` is the whole of its own. */
  machineConcerns(planned: PlannedMachine, profile: Profile): Concern[] {
    const facts = machineFacts(planned, profile, this.#target, this.#context);
    const found: Concern[] = [];
    this.#ask(this.#rules.machine, facts, null, planned.name, found);
    for (const { scope, of } of PARTS) {
      const rules = this.#rules[scope];
      if (rules.length === 0) continue;
      for (const part of of(planned, this.#context.shared)) {
        this.#ask(rules, { ...facts, [scope]: part.facts }, part.label, planned.name, found);
      }
    }
    return found;
  }

  /** What the rules say of the plan, and which of the operator's rules failed on any machine before. */
  planConcerns(plan: PlanFacts): Concern[] {
    const { mappings, today } = this.#context;
    const facts: Facts = { plan, target: this.#target, mappings, today };
    const found: Concern[] = [];
    for (const rule of this.#rules.plan) {
      if (rule.each === null) this.#ask([rule], facts, null, 'the plan', found);
      else {
        for (const item of this.#entries(rule, facts))
          this.#ask([rule], { ...facts, item }, nameOf(item), 'the plan', found);
      }
    }
    return [...found, ...this.#failures.concerns()];
  }

  /** Ids of all rules that could not be decided so far, shipped ones included. */
  get failedRules(): readonly string[] {
    return this.#failures.ids;
  }

  #ask(
    rules: readonly CompiledRule[],
    facts: Facts,
    about: string | null,
    where: string,
    found: Concern[],
  ): void {
    for (const rule of rules) {
      try {
        if (rule.when.evaluate(facts) === true) found.push(concernOf(rule, facts, about));
      } catch (error) {
        this.#failures.note(rule, about === null ? where : `${where}, ${about}`, error);
      }
    }
  }

  #entries(rule: CompiledRule, facts: Facts): readonly unknown[] {
    try {
      const list = rule.each?.evaluate(facts);
      return Array.isArray(list) ? list : [];
    } catch (error) {
      this.#failures.note(rule, 'the plan', error);
      return [];
    }
  }
}

function concernOf(
  { rule, criticalWhen, evidence, remedy, fix }: CompiledRule,
  facts: Facts,
  about: string | null,
): Concern {
  return {
    id: rule.id,
    severity: criticalWhen?.evaluate(facts) === true ? 'critical' : rule.severity,
    about,
    message: evidence.fill(facts),
    remedy: remedy.fill(facts),
    fix: fix?.fill(facts) ?? null,
    waivable: rule.waivable,
    waived: null,
  };
}

/** How an entry of a plan's list is called. */
function nameOf(item: unknown): string | null {
  if (typeof item === 'string') return item;
  if (typeof item !== 'object' || item === null || !('name' in item)) return null;
  return typeof item.name === 'string' ? item.name : null;
}
