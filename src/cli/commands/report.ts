import { resolve } from 'node:path';
import type { CommandModule } from 'yargs';
import { writeReport } from '../../report/index.js';
import { loadReport } from '../load-report.js';
import { type CommonOptions, printJson, printLine } from '../output.js';

interface Options extends CommonOptions {
  readonly target: string;
}

export const reportCommand: CommandModule<CommonOptions, Options> = {
  command: 'report [target]',
  describe: 'Write report.html and report.json of the last run into its target folder',
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
