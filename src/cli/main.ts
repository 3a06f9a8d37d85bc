#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { XenferryError } from '../model/errors.js';
import { checkCommand } from './commands/check.js';
import { convertCommand } from './commands/convert.js';
import { doctorCommand } from './commands/doctor.js';
import { inventoryCommand } from './commands/inventory.js';
import { planCommand } from './commands/plan.js';
import { reportCommand } from './commands/report.js';
import { runCommand } from './commands/run.js';
import { statusCommand } from './commands/status.js';
import { EXIT_CODE_HELP, exitCodeOf } from './exit-codes.js';
import { printError, printJson } from './output.js';

const VERSION: string = JSON.parse(
  readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
).version;

async function main(args: readonly string[]): Promise<void> {
  const verbose = args.includes('--verbose');
  try {
    await yargs(args)
      .scriptName('xenferry')
      .usage('$0 COMMAND: VMware machines in, Xen machines out')
      .option('json', { type: 'boolean', default: false, global: true, describe: 'Print one JSON document' })
      .option('verbose', {
        type: 'boolean',
        default: false,
        global: true,
        describe: 'Print stacks of errors',
      })
      .option('color', {
        type: 'boolean',
        global: true,
        describe: 'Colour on a terminal; --no-color for none',
      })
      .command(inventoryCommand)
      .command(planCommand)
      .command(runCommand)
      .command(statusCommand)
      .command(reportCommand)
      .command(convertCommand)
      .command(checkCommand)
      .command(doctorCommand)
      .demandCommand(1, 'Which command?')
      .recommendCommands()
      .strict()
      .completion()
      .version(VERSION)
      .epilogue(EXIT_CODE_HELP)
      .wrap(Math.min(110, process.stdout.columns ?? 110))
      .exitProcess(false)
      .fail((message, error) => {
        throw error ?? new XenferryError('USAGE', message);
      })
      .parseAsync();
  } catch (error) {
    if (args.includes('--json')) printJson({ error: errorDocument(error) });
    printError(error, verbose);
    process.exitCode = exitCodeOf(error);
  }
}

function errorDocument(error: unknown): { code: string; message: string; hint: string } {
  if (error instanceof XenferryError) {
    const { code, message, hint, place } = error;
    return { code, message, hint, ...place };
  }
  return { code: 'INTERNAL', message: String(error), hint: '' };
}

await main(hideBin(process.argv));
