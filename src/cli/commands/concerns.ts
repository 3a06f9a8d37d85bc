import { XenferryError } from '../../model/errors.js';
import { loadRules } from '../../planning/index.js';
import type { Command } from '../command.js';
import { type CommonOptions, formatTable, printJson, printLine } from '../output.js';

interface Options extends CommonOptions {
  readonly id: string | undefined;
  readonly rules: string[];
}

export const concernsCommand: Command<Options> = {
  builder: (args) =>
    args
      .positional('id', { type: 'string', describe: 'Concern to explain' })
      .option('rules', {
        type: 'string',
        array: true,
        default: [],
        requiresArg: true,
        describe: 'Files with rules of your own; they are checked',
      })
      .example('$0 concerns', 'Table of all rules')
      .example('$0 concerns VHD_TOO_LARGE', 'All about one')
      .example('$0 concerns --rules my-rules.yaml', 'Are they sound?'),
  handler: async ({ id, rules: files, json }) => {
    const rules = (await loadRules(files)).map(({ rule }) => rule);
    if (id === undefined) {
      if (json) printJson({ concerns: rules });
      else {
        const rows = rules.map((rule) => [rule.id, rule.severity, rule.scope, rule.title]);
        printLine(formatTable([['CONCERN', 'SEVERITY', 'ABOUT', 'WHAT IS FOUND'], ...rows]));
      }
      return;
    }
    const rule = rules.find((one) => one.id === id.toUpperCase());
    if (rule === undefined) {
      throw new XenferryError('USAGE', `there is no concern ${id}`, {
        hint: 'xenferry concerns lists them.',
      });
    }
    if (json) printJson(rule);
    else {
      const { severity, scope, title, why, when, evidence, remedy, fix, waivable } = rule;
      printLine(`${rule.id}: ${title} (${severity}, about a ${scope})`);
      printLine(`\n${why}`);
      printLine(`\nwhen    ${when}\nsays    ${evidence}\nremedy  ${remedy}`);
      if (fix !== undefined) printLine(`fix     ${fix}`);
      printLine(`waiver  ${waivable ? 'may be waived' : 'cannot be waived'}`);
    }
  },
};
