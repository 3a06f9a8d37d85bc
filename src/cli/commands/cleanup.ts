import { cleanUpPool, cleanUpSources } from '../../coordinator/index.js';
import { readDestination } from '../../model/destination.js';
import { type BatchOptions, wantedBatch, withBatch, withBatchOptions } from '../batch-option.js';
import type { Command } from '../command.js';
import { EXIT } from '../exit-codes.js';
import { type CommonOptions, printJson, printLine, yellow } from '../output.js';

const NOTHING = { undone: [], left: [] };

interface Options extends CommonOptions, BatchOptions {
  readonly all: boolean;
}

export const cleanupCommand: Command<Options> = {
  builder: (args) =>
    withBatchOptions(args, 'Target folder of the runs')
      .option('all', {
        type: 'boolean',
        default: false,
        describe: 'Remove the finished VMs as well, and the networks that were made for them',
      })
      .example('$0 cleanup out', 'What failed or stopped runs left in the pool')
      .example('$0 cleanup out --all', 'All that the runs of this folder made, but VMs that run'),
  handler: async (options) => {
    const wanted = await wantedBatch(options);
    const { target, hasSources } = await withBatch(wanted, async (batch, ledger) => ({
      target: batch.target,
      hasSources: (await ledger.sourceChanges.jobsToUndo(batch.target)).length > 0,
    }));
    const source = hasSources ? await cleanUpSources(wanted.place, target) : NOTHING;
    const { removed, left } = await withBatch(wanted, async (batch, ledger) =>
      hasSources && readDestination(batch.destination).kind !== 'pool'
        ? { removed: [], left: [] }
        : await cleanUpPool(ledger, batch, options.all),
    );
    if (options.json) printJson({ removed, left, source });
    else {
      for (const what of source.undone) printLine(`undone at the source: ${what}`);
      for (const what of source.left) printLine(yellow(`left at the source: ${what}`));
      for (const what of removed) printLine(`removed ${what}`);
      for (const { what, reason } of left) printLine(yellow(`left ${what}: ${reason}`));
      if (removed.length + left.length === 0 && !hasSources) printLine('The pool has nothing to remove.');
    }
    process.exitCode = left.length + source.left.length === 0 ? EXIT.done : EXIT.someFailed;
  },
};
