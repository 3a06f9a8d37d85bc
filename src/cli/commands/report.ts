import { resolve } from 'node:path';
import { writeReport } from '../../report/index.js';
import type { Command } from '../command.js';
import { loadReport } from '../load-report.js';
import { type CommonOptions, printJson, printLine } from '../output.js';

interface Options extends CommonOptions {
  readonly target: string;
}

export const reportCommand: Command<Options> = {
  builder: (args) =>
    args
      .positional('target', { type: 'string', default: 'out', describe: 'Target folder of a run' })
      .example('$0 report /srv/xva', 'Write the report again')
      .example('$0 report /srv/xva --json', 'Print it as JSON as well'),
  handler: async ({ target, json }) => {
    const folder = resolve(target);
    const report = await loadReport(folder);
    const paths = await writeReport(report, folder);
    if (json) printJson(report);
    else printLine(`${paths.html}\n${paths.json}`);
  },
};
