import { type Expression, ExpressionFault, isAbsence, parseExpression, reasonOf } from './expressions.js';
import { entryOf, type Shapes, shapeAt, shapesOf } from './fact-shapes.js';
import type { Facts } from './machine-facts.js';
import type { Rule, RuleScope } from './rule-schema.js';
import { SAMPLE_FACTS } from './sample-facts.js';
import { parseTemplate, type TextTemplate } from './text-template.js';

/** A rule whose expressions are parsed and fit the facts they will be asked of. */
export interface CompiledRule {
  readonly rule: Rule;
  /** Ships with the program and was not changed by the operator. */
  readonly shipped: boolean;
  readonly each: Expression | null;
  readonly when: Expression;
  readonly criticalWhen: Expression | null;
  readonly evidence: TextTemplate;
  readonly remedy: TextTemplate;
  readonly fix: TextTemplate | null;
}

/** What is wrong with a rule: in which field, and where in its text, in UTF-16 units. */
export class RuleFault extends Error {
  readonly field: keyof Rule;
  readonly offset: number;

  constructor(field: keyof Rule, offset: number, message: string) {
    super(message);
    this.field = field;
    this.offset = offset;
  }
}

const SHAPES: Readonly<Record<RuleScope, Shapes>> = {
  machine: shapesOf(SAMPLE_FACTS.machine),
  disk: shapesOf(SAMPLE_FACTS.disk),
  nic: shapesOf(SAMPLE_FACTS.nic),
  device: shapesOf(SAMPLE_FACTS.device),
  snapshot: shapesOf(SAMPLE_FACTS.snapshot),
  volume: shapesOf(SAMPLE_FACTS.volume),
  plan: shapesOf(SAMPLE_FACTS.plan),
};

/**
 * Parses a rule's expressions, looks up every field they name, and tries them on a machine that has everything.
 * Throws a RuleFault.
 */
export function compileRule(rule: Rule, shipped: boolean): CompiledRule {
  const sample = SAMPLE_FACTS[rule.scope];
  const outer = SHAPES[rule.scope];
  const each = rule.each === undefined ? null : checkedExpression('each', rule.each, outer);
  const shapes = each === null ? outer : new Map(outer).set('item', entryOf(shapeAt(each.ast, outer)));
  const facts = each === null ? sample : { ...sample, item: firstEntry(each, sample) };
  return {
    rule,
    shipped,
    each,
    when: condition('when', rule.when, shapes, facts),
    criticalWhen:
      rule.criticalWhen === undefined ? null : condition('criticalWhen', rule.criticalWhen, shapes, facts),
    evidence: template('evidence', rule.evidence, shapes, facts),
    remedy: template('remedy', rule.remedy, shapes, facts),
    fix: rule.fix === undefined ? null : template('fix', rule.fix, shapes, facts),
  };
}

function condition(field: keyof Rule, text: string, shapes: Shapes, facts: Facts): Expression {
  const expression = checkedExpression(field, text, shapes);
  const result = tried(field, () => expression.evaluate(facts));
  if (result !== undefined && typeof result !== 'boolean') {
    throw new RuleFault(field, 0, 'gives neither true nor false');
  }
  return expression;
}

function checkedExpression(field: keyof Rule, text: string, shapes: Shapes): Expression {
  return located(field, () => {
    const expression = parseExpression(text);
    shapeAt(expression.ast, shapes);
    return expression;
  });
}

function template(field: keyof Rule, text: string, shapes: Shapes, facts: Facts): TextTemplate {
  const parsed = located(field, () => {
    const parts = parseTemplate(text);
    for (const { expression, offset } of parts.expressions) {
      try {
        shapeAt(expression.ast, shapes);
      } catch (error) {
        if (error instanceof ExpressionFault) throw new ExpressionFault(error.message, offset + error.offset);
        throw error;
      }
    }
    return parts;
  });
  tried(field, () => parsed.fill(facts));
  return parsed;
}

function located<Result>(field: keyof Rule, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    if (error instanceof ExpressionFault) throw new RuleFault(field, error.offset, error.message);
    throw error;
  }
}

/** Undefined where the sample has no such key or entry: the rule's other conditions may see to that. */
function tried(field: keyof Rule, action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw new RuleFault(field, 0, reasonOf(error));
  }
}

function firstEntry(each: Expression, sample: Facts): unknown {
  const list = tried('each', () => each.evaluate(sample));
  if (Array.isArray(list)) return list[0];
  throw new RuleFault('each', 0, 'gives no list');
}
