import { writeReport } from '../../report/index.js';
import { type BatchOptions, wantedBatch, withBatchOptions } from '../batch-option.js';
import type { Command } from '../command.js';
import { loadReport } from '../load-report.js';
import { type CommonOptions, printJson, printLine } from '../output.js';

type Options = BatchOptions & CommonOptions;

export const reportCommand: Command<Options> = {
  builder: (args) =>
    withBatchOptions(args, 'Target folder of a run')
      .example('$0 report /srv/xva', 'Write the report again')
      .example('$0 report /srv/xva --json', 'Print it as JSON as well'),
  handler: async (options) => {
    const report = await loadReport(await wantedBatch(options));
    const paths = await writeReport(report, report.target);
    if (options.json) printJson(report);
    else printLine(`${paths.html}\n${paths.json}`);
  },
};
