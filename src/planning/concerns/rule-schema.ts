import { z } from 'zod';

/** Longest CEL expression or text, in UTF-16 units: far more than any rule needs. */
const MAX_TEXT = 4000;

const ID = z.string().regex(/^[A-Z][A-Z0-9_]*$/, 'is written in upper case with underscores');
const CEL = z.string().min(1).max(MAX_TEXT);
/** Text in which `${...}` holds a CEL expression. */
const TEMPLATE = z.string().min(1).max(MAX_TEXT);

/** What a rule is asked about, once for each of its kind. */
const RULE_SCOPES = ['machine', 'disk', 'nic', 'device', 'snapshot', 'volume', 'plan'] as const;

const FIELDS = {
  title: z.string().min(1).max(MAX_TEXT),
  severity: z.enum(['critical', 'warning', 'information']),
  scope: z.enum(RULE_SCOPES),
  /** Of a plan's rule: a list; the rule is asked about each of its entries, which is then `item`. */
  each: CEL.optional(),
  /** Whether the rule's finding is there. */
  when: CEL,
  /** When this holds as well, the finding is critical whatever `severity` says. */
  criticalWhen: CEL.optional(),
  /** What was found, as one sentence with the figures. */
  evidence: TEMPLATE,
  /** What the operator does next. */
  remedy: TEMPLATE,
  /** What the plan does about it by itself. */
  fix: TEMPLATE.optional(),
  /** Whether the operator may go on regardless. */
  waivable: z.boolean(),
  /** For the documentation: why this matters, in a sentence or two. */
  why: z.string().min(1).max(MAX_TEXT),
};

/** A rule as it is used. */
export const RULE_SCHEMA = z
  .strictObject({ id: ID, ...FIELDS })
  .refine(({ each, scope }) => each === undefined || scope === 'plan', {
    path: ['each'],
    message: 'is for rules of scope "plan" only',
  });

/** An entry of a file: a whole rule, or what changes in the shipped rule of the same id. */
export const RULE_ENTRY_SCHEMA = z.strictObject({
  id: ID,
  /** Switches the shipped rule of this id off. */
  disabled: z.boolean().optional(),
  ...z.object(FIELDS).partial().shape,
});

export type Rule = z.infer<typeof RULE_SCHEMA>;
export type RuleEntry = z.infer<typeof RULE_ENTRY_SCHEMA>;
export type RuleScope = Rule['scope'];
