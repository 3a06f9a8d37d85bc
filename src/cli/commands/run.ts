import { basename, join } from 'node:path';
import { type BatchResult, type GuestOutcome, runBatch } from '../../coordinator/index.js';
import { placeName } from '../../model/destination.js';
import { describeError } from '../../model/errors.js';
import { formatBytes, formatRate, formatSeconds } from '../../model/format.js';
import { Notifier } from '../../notifications/index.js';
import { isStarted, type MachineReport, type RunReport, writeReport } from '../../report/index.js';
import type { Command } from '../command.js';
import { DIGEST_OPTION } from '../digest-option.js';
import { EXIT, exitCodeOfCounts } from '../exit-codes.js';
import { interruptible } from '../interrupt.js';
import { LiveView } from '../live-view.js';
import { loadReport } from '../load-report.js';
import { bold, type CommonOptions, countOf, note, printJson, printLine, yellow } from '../output.js';
import { type PlanningOptions, planSources, withPlanningOptions } from '../planning.js';
import { shellQuote } from '../shell-quote.js';
import { ledgerOptions, QUEUE_OPTION, STORE_OPTION } from '../store-option.js';
import { countOption } from '../threads.js';

interface Options extends CommonOptions, PlanningOptions {
  readonly workers: number | undefined;
  readonly store: string | undefined;
  readonly 'on-workers': boolean;
  readonly queue: string | undefined;
  readonly parallel: number | undefined;
  readonly unattended: boolean;
  readonly checksum: 'sha1' | 'xxhash';
  readonly digest: 'xxh64' | 'sha256';
}

export const runCommand: Command<Options> = {
  builder: (args) =>
    withPlanningOptions(args)
      .option('workers', {
        type: 'number',
        requiresArg: true,
        describe: 'Threads; default: the migration file’s limit, or one per processor',
      })
      .option('parallel', {
        type: 'number',
        requiresArg: true,
        describe: 'Machines at a time; default: the migration file’s limit, or one per processor',
      })
      .option('unattended', {
        type: 'boolean',
        default: false,
        describe: 'Try again what may pass by itself (a pool that is busy, a source out of reach)',
      })
      .option('checksum', {
        choices: ['sha1', 'xxhash'] as const,
        default: 'sha1' as const,
        describe: 'Checksums in the XVA: sha1 for every release, xxhash (faster) from XenServer 8.1 on',
      })
      .option('digest', DIGEST_OPTION)
      .option('store', STORE_OPTION)
      .option('queue', QUEUE_OPTION)
      .option('on-workers', {
        type: 'boolean',
        default: false,
        describe: 'Have the workers at the store run the machines (docs/several-machines.md)',
      })
      .example('$0 run exports/ --target /srv/xva', 'Everything below exports/')
      .example('$0 run shop.ovf gateway.ova --target out', 'Two exports')
      .example('$0 run -m migration.yaml', 'What a migration file says, into a pool where it names one'),
  handler: async (options) => {
    const asked = {
      threads: countOption('workers', options.workers),
      parallel: countOption('parallel', options.parallel),
    };
    const ledger = await ledgerOptions(options);
    const { plan, profiles, channels } = await planSources(options, ledger.store);
    const { limits } = plan.estimate;
    const threads = options.workers === undefined ? limits.threads : asked.threads;
    const parallel = options.parallel === undefined ? limits.machinesAtOnce : asked.parallel;
    note(`${countOf(plan.machines.length, 'machine')} into ${placeName(plan.destination, plan.target)}`);
    const view = new LiveView(plan.machines.reduce((sum, { dataBytes }) => sum + dataBytes, 0));
    const notifier = new Notifier(channels, {
      baseUrl: null,
      observe: ({ channel, error }) => {
        if (error !== null) view.tell(yellow(`${channel}: ${error.message}`));
      },
    });
    const moved = (signal: AbortSignal) =>
      runBatch({
        ...options,
        ...ledger,
        continues: false,
        plan,
        profiles,
        threads,
        parallel,
        signal,
        observe: view.observe,
        notices: {
          tell: (notice) => notifier.tell(notice),
          batch: basename(options.migration ?? plan.target),
          page: null,
        },
      }).finally(() => notifier.close(signal.aborted ? 0 : undefined));
    const finish = async (signal: AbortSignal) => {
      const result = await moved(signal).finally(() => view.end());
      const report = await loadReport({
        place: ledger.store ?? { folder: plan.target },
        target: plan.target,
        id: null,
      });
      return { result, report, files: await writeReport(report, plan.target) };
    };
    const { result, report, files } = await interruptible(finish, view.tell);
    if (options.json) printJson(report);
    else printSummary(report);
    for (const line of result.warnings) note(yellow(line));
    process.exitCode = exitCodeOfResult(result);
    if (!options.json)
      printLine(`
Report: ${files.html}`);
  },
};

function exitCodeOfResult({ done, failed, cancelled, paused, warnings }: BatchResult): number {
  if (cancelled + paused > 0) return EXIT.cancelled;
  return failed === 0 && warnings.length > 0 ? EXIT.someFailed : exitCodeOfCounts(failed, done + failed);
}

/** What the operator must know of a guest after the conversion; the report has it all. */
function guestLines(guest: GuestOutcome | null): string[] {
  if (guest?.kind === 'left') return [yellow(`guest left as it is: ${guest.reason.message}`)];
  if (guest?.kind !== 'mended') return [];
  const { system, fixups, edits } = guest.record;
  const warnings = fixups.flatMap((fixup) => fixup.warnings);
  return [`${system.title}: ${edits.length} files changed`, ...warnings.map((warning) => yellow(warning))];
}

function reasonOf(error: MachineReport['error'], waitsFor: string | null): string {
  if (error !== null) return ` – ${describeError(error)} (${error.code})`;
  return waitsFor === null ? '' : ` – ${waitsFor}`;
}

function printSummary(report: RunReport): void {
  const { machines, totals, startedAt, finishedAt } = report;
  printLine();
  for (const { name, state, output, landed, outputBytes, steps, error, guest, waitsFor, warm } of machines) {
    const convert = steps.find((step) => step.name === 'convert');
    const speed =
      convert?.seconds == null
        ? ''
        : ` in ${formatSeconds(convert.seconds)}, ${formatRate(convert.bytes, convert.seconds)}`;
    if (state === 'done') printLine(`${name}: ${landed ?? output}, ${formatBytes(outputBytes ?? 0)}${speed}`);
    else printLine(`${name}: ${state}${reasonOf(error, waitsFor)}`);
    if (warm?.downtimeMs != null) printLine(`  down for ${formatSeconds(warm.downtimeMs / 1000)}`);
    for (const line of guestLines(guest)) printLine(`  ${line}`);
  }
  const seconds = finishedAt === null ? Number.NaN : (finishedAt - startedAt) / 1000;
  printLine(
    `\n${bold(`${totals.done} of ${totals.machines} machines done`)}, ${formatBytes(totals.dataBytes)} of data in ${formatSeconds(seconds)}`,
  );
  if (totals.open > 0) printLine('\nThe same command goes on with what is not done.');
  const finished = machines.filter(({ state }) => state === 'done');
  if (finished.length > 0) printNextSteps(report, finished);
}

function printInPool(finished: readonly MachineReport[]): void {
  const halted = finished.filter((machine) => !isStarted(machine));
  const started = finished.length - halted.length;
  if (started > 0) printLine(`\n${started} of ${finished.length} VMs are in the pool, verified and started.`);
  if (halted.length === 0) return;
  const others = started > 0 ? 'The others are' : 'The VMs are in the pool, verified and';
  printLine(`\n${others} not started. To start one, on a host of the pool:`);
  for (const { landed } of halted) printLine(`  xe vm-start uuid=${landed}`);
}

function printNextSteps({ destination, target }: RunReport, finished: readonly MachineReport[]): void {
  switch (destination.kind) {
    case 'pool':
      printInPool(finished);
      break;
    case 'vhd':
      printLine(`\nIn XenCenter or XCP-ng Center, File > Import (the folders are in ${target}):`);
      for (const { output } of finished) printLine(`  ${output}/${output}.ovf`);
      break;
    case 'xl':
      printLine('\nOn the host, where the folders are under the same path:');
      for (const { output } of finished) {
        printLine(`  xl create ${shellQuote(join(target, output ?? '', `${output}.cfg`))}`);
      }
      break;
    case 'xva':
      printLine(
        `\nOn a host of the pool, where ${target} is mounted or copied to (preserve=true keeps the MAC addresses):`,
      );
      for (const { output } of finished)
        printLine(`  xe vm-import filename=${shellQuote(output ?? '')} preserve=true`);
  }
}
