import type { CompiledRule } from './compile-rule.js';
import { FUNCTIONS } from './expressions.js';
import type { Rule } from './rule-schema.js';

const SEVERITIES = [
  { severity: 'critical', meaning: 'cannot be moved, or will not work: it is not run unless that is waived' },
  { severity: 'warning', meaning: 'works after somebody has done something' },
  { severity: 'information', meaning: 'is lost or becomes different' },
] as const;

/** The list of rules in `docs/concerns.md`: a table by severity, then a section for each rule, in Markdown. */
export function describeRules(compiled: readonly CompiledRule[]): string {
  const rules = compiled.map(({ rule }) => rule);
  const lines = SEVERITIES.flatMap(({ severity, meaning }) => [
    '',
    `### ${severity[0]?.toUpperCase()}${severity.slice(1)}: ${meaning}`,
    '',
    '| concern | about | what is found |',
    '| --- | --- | --- |',
    ...rules
      .filter((rule) => rule.severity === severity)
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .map(({ id, scope, title }) => `| [${id}](#${id.toLowerCase()}) | ${scope} | ${title} |`),
  ]);
  return [
    `## All ${rules.length} rules`,
    ...lines,
    '',
    '## The rules one by one',
    ...[...rules].sort((a, b) => (a.id < b.id ? -1 : 1)).flatMap(section),
    '',
  ].join('\n');
}

function section({ id, title, severity, scope, criticalWhen, waivable, ...rule }: Rule): string[] {
  const graver = criticalWhen === undefined ? '' : `, critical when \`${oneLine(criticalWhen)}\``;
  const waiver = waivable ? 'May be waived' : 'Cannot be waived';
  return [
    '',
    `### ${id}`,
    '',
    `**${title}.** ${oneLine(rule.why)}`,
    '',
    `- ${severity}${graver}; about: ${scope}. ${waiver}.`,
    `- When: \`${oneLine(rule.when)}\``,
    `- Says: ${oneLine(rule.evidence)}`,
    `- Remedy: ${oneLine(rule.remedy)}`,
    ...(rule.fix === undefined ? [] : [`- The plan's own doing: ${oneLine(rule.fix)}`]),
  ];
}

/** The functions that rules may call beside CEL's own, as a Markdown table. */
export function describeFunctions(): string {
  return [
    '| function | gives |',
    '| --- | --- |',
    ...FUNCTIONS.map(({ signature, description }) => `| \`${signature}\` | ${description} |`),
  ].join('\n');
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
