import { type RollbackOutcome, rollBack } from '../../coordinator/index.js';
import { describeError } from '../../model/errors.js';
import { type BatchOptions, wantedBatch, withBatch, withBatchOptions } from '../batch-option.js';
import type { Command } from '../command.js';
import { exitCodeOfCounts } from '../exit-codes.js';
import { interruptible } from '../interrupt.js';
import { bold, type CommonOptions, green, printJson, printLine, red, yellow } from '../output.js';

interface Options extends CommonOptions, BatchOptions {
  readonly machine: readonly string[] | undefined;
  readonly yes: boolean;
  readonly force: boolean;
}

const WORDS: Readonly<Record<RollbackOutcome['state'], string>> = {
  ready: 'can be rolled back',
  rolledBack: green('rolled back'),
  refused: red('not rolled back'),
  failed: red('not rolled back to its end'),
};

export const rollbackCommand: Command<Options> = {
  builder: (args) =>
    withBatchOptions(args, 'Target folder of the run')
      .option('machine', {
        type: 'string',
        array: true,
        requiresArg: true,
        describe: 'Only this machine, by its name or id; may be repeated',
      })
      .option('yes', {
        type: 'boolean',
        default: false,
        describe: 'Do it; without, only say what would be done',
      })
      .option('force', {
        type: 'boolean',
        default: false,
        describe: 'Pull the plug of guests that do not shut down; also when live.rollbackDays are over',
      })
      .example('$0 rollback out', 'What it would take to go back')
      .example('$0 rollback out --machine web01 --yes', 'Take one machine back'),
  handler: async (options) => {
    const { machine: machines = [], yes: act, force } = options;
    const wanted = await wantedBatch(options);
    const outcomes = await interruptible((signal) =>
      withBatch(
        wanted,
        (batch, ledger) => rollBack(ledger, { batch, machines, act, force, signal }),
        act ? 'write' : 'read',
      ),
    );
    if (options.json) printJson({ acted: act, machines: outcomes.map(documentOf) });
    else printOutcomes(outcomes, act);
    const failed = outcomes.filter(({ reason }) => reason !== null).length;
    process.exitCode = exitCodeOfCounts(failed, outcomes.length);
  },
};

function documentOf({ reason, ...outcome }: RollbackOutcome) {
  const told = reason === null ? null : { code: reason.code, message: reason.message, hint: reason.hint };
  return { ...outcome, reason: told };
}

function printOutcomes(outcomes: readonly RollbackOutcome[], acted: boolean): void {
  for (const { name, state, steps, warnings, reason } of outcomes) {
    printLine(`${bold(name)}: ${WORDS[state]}`);
    for (const step of steps) printLine(`  ${step}`);
    for (const warning of warnings) printLine(`  ${yellow(warning)}`);
    if (reason === null) continue;
    printLine(`  ${describeError(reason)} (${reason.code})`);
    printLine(`  ${bold('hint')}: ${reason.hint}`);
  }
  if (outcomes.length === 0) printLine('No machine was moved from a vCenter or an ESXi host.');
  else if (!acted) printLine('\nNothing was changed. Do it with --yes.');
}
