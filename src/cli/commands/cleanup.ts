import { resolve } from 'node:path';
import { cleanUpPool } from '../../coordinator/index.js';
import type { Command } from '../command.js';
import { EXIT } from '../exit-codes.js';
import { type CommonOptions, printJson, printLine, yellow } from '../output.js';

interface Options extends CommonOptions {
  readonly target: string;
  readonly all: boolean;
}

export const cleanupCommand: Command<Options> = {
  builder: (args) =>
    args
      .positional('target', { type: 'string', default: 'out', describe: 'Target folder of the runs' })
      .option('all', {
        type: 'boolean',
        default: false,
        describe: 'Remove the finished VMs as well, and the networks that were made for them',
      })
      .example('$0 cleanup out', 'What failed or stopped runs left in the pool')
      .example('$0 cleanup out --all', 'All that the runs of this folder made, but VMs that run'),
  handler: async ({ target, all, json }) => {
    const { removed, left } = await cleanUpPool(resolve(target), all);
    if (json) printJson({ removed, left });
    else {
      for (const what of removed) printLine(`removed ${what}`);
      for (const { what, reason } of left) printLine(yellow(`left ${what}: ${reason}`));
      if (removed.length + left.length === 0) printLine('The pool has nothing to remove.');
    }
    process.exitCode = left.length === 0 ? EXIT.done : EXIT.someFailed;
  },
};
