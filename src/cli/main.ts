#!/usr/bin/env node
import yargs, { type ArgumentsCamelCase, type Argv, type CommandModule } from 'yargs';
import { hideBin } from 'yargs/helpers';
import about from '../../package.json' with { type: 'json' };
import { isCanceled, XenferryError } from '../model/errors.js';
import type { Command } from './command.js';
import { EXIT_CODE_HELP, exitCodeOf } from './exit-codes.js';
import { type CommonOptions, printError, printJson } from './output.js';

/** What loads a command's code, by its name. */
const LOADERS = new Map<string, () => Promise<unknown>>();
/** What the scripts of `xenferry completion` ask with. */
const COMPLETION_FLAG = '--get-yargs-completions';

/** Each command's code is loaded when it is called: a conversion does not pay for the ledger or the report. */
function lazy<Options extends CommonOptions>(
  command: string,
  describe: string,
  load: () => Promise<Command<Options>>,
): CommandModule<CommonOptions, Options> {
  let loaded: Command<Options> | null = null;
  LOADERS.set(command.replace(/ .*/, ''), async () => {
    loaded = await load();
  });
  return {
    command,
    describe,
    // Nothing is awaited when the code is there: completion looks at the options right after this call.
    builder: async (args: Argv<CommonOptions>) => (loaded ?? (await load())).builder(args),
    handler: async (options: ArgumentsCamelCase<Options>) => (await load()).handler(options),
  };
}

/** Completion, unlike all else, does not wait for the options of a command: its code must be there. */
async function loadForCompletion(args: readonly string[]): Promise<void> {
  if (!args.includes(COMPLETION_FLAG)) return;
  for (const word of args) await LOADERS.get(word)?.();
}

async function main(args: readonly string[]): Promise<void> {
  const verbose = args.includes('--verbose');
  try {
    const parser = yargs(args)
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
      .command(
        lazy(
          'inventory [source]',
          'List the machines of a folder of exports, and what is wrong with them',
          async () => (await import('./commands/inventory.js')).inventoryCommand,
        ),
      )
      .command(
        lazy(
          'plan [source..]',
          'Say what a run would do and what stands against it; changes nothing',
          async () => (await import('./commands/plan.js')).planCommand,
        ),
      )
      .command(
        lazy(
          'run [source..]',
          'Move machines into a pool or into files, verify and report; run it again to go on',
          async () => (await import('./commands/run.js')).runCommand,
        ),
      )
      .command(
        lazy(
          'status [target]',
          'Show how far the machines of a target folder are, also while a run goes on',
          async () => (await import('./commands/status.js')).statusCommand,
        ),
      )
      .command(
        lazy(
          'pause [target]',
          'Have the run on a target folder stop machines, keeping what they have moved',
          async () => (await import('./commands/order.js')).orderCommand('pause'),
        ),
      )
      .command(
        lazy('resume [target]', 'Have paused machines go on', async () =>
          (await import('./commands/order.js')).orderCommand('resume'),
        ),
      )
      .command(
        lazy(
          'cancel [target]',
          'Have the run on a target folder give machines up, and remove what was made of them',
          async () => (await import('./commands/order.js')).orderCommand('cancel'),
        ),
      )
      .command(
        lazy(
          'retry [target]',
          'Have the run on a target folder try machines again that failed or were cancelled',
          async () => (await import('./commands/order.js')).orderCommand('retry'),
        ),
      )
      .command(
        lazy(
          'refix [target]',
          'Have the guests of machines that are there mended anew, writing only what that changes',
          async () => (await import('./commands/order.js')).orderCommand('refix'),
        ),
      )
      .command(
        lazy(
          'report [target]',
          'Write report.html and report.json of the last run into its target folder',
          async () => (await import('./commands/report.js')).reportCommand,
        ),
      )
      .command(
        lazy(
          'serve',
          'Run batches as a service with an HTTP interface, schedules and a dashboard',
          async () => (await import('./commands/serve.js')).serveCommand,
        ),
      )
      .command(
        lazy(
          'token <action> [name]',
          'Make, list and revoke the tokens of a service',
          async () => (await import('./commands/token.js')).tokenCommand,
        ),
      )
      .command(
        lazy(
          'cleanup [target]',
          'Remove from the pool what failed or stopped runs left there',
          async () => (await import('./commands/cleanup.js')).cleanupCommand,
        ),
      )
      .command(
        lazy(
          'rollback [target]',
          'Take machines back to the vCenter that they were moved from; without --yes, say what that takes',
          async () => (await import('./commands/rollback.js')).rollbackCommand,
        ),
      )
      .command(
        lazy(
          'worker',
          'Run machines of batches that other machines coordinate, for as long as it is left to',
          async () => (await import('./commands/worker.js')).workerCommand,
        ),
      )
      .command(
        lazy(
          'convert <in> <out>',
          'Convert one disk',
          async () => (await import('./commands/convert.js')).convertCommand,
        ),
      )
      .command(
        lazy(
          'check <file>',
          'Judge a VMDK, VHD, qcow2 or XVA as its reader would, data included',
          async () => (await import('./commands/check.js')).checkCommand,
        ),
      )
      .command(
        lazy(
          'guest <action> <path..>',
          'Look at the system on disks, change it for Xen on layers, or take that back',
          async () => (await import('./commands/guest.js')).guestCommand,
        ),
      )
      .command(
        lazy(
          'profiles [id]',
          'List the guest profiles, explain one, or say which one a guest gets',
          async () => (await import('./commands/profiles.js')).profilesCommand,
        ),
      )
      .command(
        lazy(
          'concerns [id]',
          'List the rules by which plans are judged, or explain one',
          async () => (await import('./commands/concerns.js')).concernsCommand,
        ),
      )
      .command(
        lazy(
          'ledger <action> <from> [to]',
          'Back up the record of runs, restore it, or check it',
          async () => (await import('./commands/ledger.js')).ledgerCommand,
        ),
      )
      .command(
        lazy(
          'doctor',
          'Say what this machine lacks and the command that mends it',
          async () => (await import('./commands/doctor.js')).doctorCommand,
        ),
      )
      .command(
        lazy(
          'notify <migration>',
          'Send a test message to everybody whom a migration file has told of its batches',
          async () => (await import('./commands/notify.js')).notifyCommand,
        ),
      )
      .command(
        lazy(
          'simulate-pool',
          'Start a pool of simulated hosts to try imports on; nothing on it runs or stays',
          async () => (await import('./commands/simulate-pool.js')).simulatePoolCommand,
        ),
      )
      .command(
        lazy(
          'simulate-vcenter <estate>',
          'Start a simulated vCenter that has the machines of a folder of exports, to try moving them on',
          async () => (await import('./commands/simulate-vcenter.js')).simulateVcenterCommand,
        ),
      )
      .command(
        lazy(
          'completion <shell>',
          'Print a script that has bash or zsh complete commands and options',
          async () => (await import('./commands/completion.js')).completionCommand,
        ),
      )
      .demandCommand(1, 'Which command?')
      .recommendCommands()
      .strict()
      .version(about.version)
      .epilogue(EXIT_CODE_HELP)
      .wrap(Math.min(110, process.stdout.columns ?? 110))
      .exitProcess(false)
      .fail((message, error) => {
        throw error ?? usageError(message);
      });
    await loadForCompletion(args);
    await parser.parseAsync();
  } catch (thrown) {
    // What yargs itself finds has a name of its own, and does not always come by way of `fail`.
    const error = thrown instanceof Error && thrown.name === 'YError' ? usageError(thrown.message) : thrown;
    if (args.includes('--json')) printJson({ error: errorDocument(error) });
    printError(error, verbose);
    process.exitCode = exitCodeOf(error);
    // A server that does not answer would keep the process until its patience ends.
    if (isCanceled(error)) process.exit();
  }
}

function usageError(message: string): XenferryError {
  return new XenferryError('USAGE', message.replace(/\s*\n\s*/g, ' ').trim());
}

function errorDocument(error: unknown): { code: string; message: string; hint: string } {
  if (error instanceof XenferryError) {
    const { code, message, hint, place } = error;
    return { code, message, hint, ...place };
  }
  return { code: 'INTERNAL', message: String(error), hint: '' };
}

await main(hideBin(process.argv));
