import { writeFile } from 'node:fs/promises';
import { planPrepared } from '../../coordinator/index.js';
import { placeName } from '../../model/destination.js';
import { systemErrorCode, XenferryError } from '../../model/errors.js';
import { formatBytes, formatSeconds } from '../../model/format.js';
import type { Concern, Estimate, Plan } from '../../model/plan.js';
import { plannedSourceChanges } from '../../model/source-change-words.js';
import { compareEstimates, type EstimateComparison, migrationJsonSchema } from '../../planning/index.js';
import { planCsv, planHtml, planSummary, type Verdict } from '../../report/index.js';
import type { Command } from '../command.js';
import { EXIT } from '../exit-codes.js';
import {
  bold,
  type CommonOptions,
  formatTable,
  green,
  printJson,
  printLine,
  red,
  yellow,
} from '../output.js';
import { type PlanningOptions, readPlanningOptions, withPlanningOptions } from '../planning.js';

const FORMATS = ['table', 'json', 'csv', 'html'] as const;
/** More machines than anybody reads on a terminal; csv and html have all. */
const MAX_ROWS = 200;

interface Options extends CommonOptions, PlanningOptions {
  readonly format: (typeof FORMATS)[number];
  readonly output: string | undefined;
  readonly 'what-if': string[];
  readonly schema: boolean;
}

export const planCommand: Command<Options> = {
  builder: (args) =>
    withPlanningOptions(args)
      .option('format', {
        choices: FORMATS,
        default: 'table' as const,
        describe: 'csv: a line a machine; html: a page for the customer to read and sign',
      })
      .option('output', {
        alias: 'o',
        type: 'string',
        requiresArg: true,
        describe: 'File to write; standard output without',
      })
      .option('what-if', {
        type: 'string',
        array: true,
        default: [],
        requiresArg: true,
        describe: 'Estimate with other figures as well: networkMiBps=50, machinesAtOnce=8, …',
      })
      .option('schema', {
        type: 'boolean',
        default: false,
        describe: 'Print the JSON schema of migration files',
      })
      .example('$0 plan exports/ --target /srv/xva', 'Everything below exports/')
      .example("$0 plan exports/ --only 'web*' --json", 'Some machines, as JSON')
      .example('$0 plan -m migration.yaml --format html -o plan.html', 'The page to sign')
      .example('$0 plan -m migration.yaml --what-if networkMiBps=50', 'With a slower network'),
  handler: async (options) => {
    if (options.schema) {
      printJson(migrationJsonSchema());
      return;
    }
    const prepared = await readPlanningOptions(options);
    const plan = await planPrepared(prepared);
    const changed = options['what-if'].length === 0 ? null : await planPrepared(prepared, options['what-if']);
    const comparison = changed === null ? null : compareEstimates(plan.estimate, changed.estimate);
    await show(plan, comparison, options);
    process.exitCode = isClear(plan) ? EXIT.done : EXIT.planBlocked;
  },
};

async function show(
  plan: Plan,
  comparison: EstimateComparison | null,
  { format, output, json }: Options,
): Promise<void> {
  if (format === 'table' && !json && output === undefined) {
    printPlan(plan);
    if (comparison !== null) printComparison(comparison);
    return;
  }
  const document = json || format === 'json' || format === 'table' ? { ...plan, whatIf: comparison } : null;
  if (output === undefined && document !== null) printJson(document);
  else {
    const text = document === null ? render(plan, format) : `${JSON.stringify(document, null, 2)}\n`;
    if (output === undefined) process.stdout.write(text);
    else await write(output, text);
  }
}

function render(plan: Plan, format: Options['format']): string {
  return format === 'csv' ? planCsv(plan) : planHtml(plan, { generatedAt: new Date() });
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (cause) {
    const reason = systemErrorCode(cause) ?? String(cause);
    throw new XenferryError('TARGET_UNWRITABLE', `cannot be written (${reason})`, { file, cause });
  }
}

function isClear(plan: Plan): boolean {
  const { verdicts, unreadable, blocked } = planSummary(plan);
  return verdicts.blocked === 0 && unreadable === 0 && !blocked;
}

const VERDICTS: Record<Verdict, string> = { ready: 'ready', review: 'to read', blocked: 'blocked' };

function printPlan(plan: Plan): void {
  const { machines, verdicts, totals, unreadable } = planSummary(plan);
  const rows = machines
    .slice(0, MAX_ROWS)
    .map(({ planned, verdict, capacityBytes }) => [
      planned.name,
      planned.profile.title,
      formatBytes(capacityBytes),
      formatBytes(planned.dataBytes),
      planned.wave,
      planned.output,
      VERDICTS[verdict],
    ]);
  printLine(formatTable([['NAME', 'PROFILE', 'DISKS', 'DATA', 'WAVE', 'OUTPUT', 'VERDICT'], ...rows]));
  if (machines.length > MAX_ROWS)
    printLine(`… and ${machines.length - MAX_ROWS} more (--format csv or html)`);
  for (const { planned } of machines.slice(0, MAX_ROWS)) {
    printConcerns(planned.name, planned.concerns);
    const changes = plannedSourceChanges(planned.live);
    if (changes !== null) printLine(`\n${bold(planned.name)} at the source: ${changes}`);
  }
  for (const { file, line, message, code, hint } of plan.unreadable) {
    const place = line === null ? '' : `line ${line}: `;
    printLine(`\n${bold(file)}\n  ${red('critical')}: ${place}${message} (${code})\n    remedy: ${hint}`);
  }
  printConcerns('the plan', plan.concerns);
  printEstimate(plan.estimate);
  printLine(
    `\n${machines.length} machines: ${verdicts.ready} ready, ${verdicts.review} to read, ${verdicts.blocked} blocked` +
      `${unreadable === 0 ? '' : `; ${unreadable} descriptors unreadable`}. ` +
      `${formatBytes(totals.dataBytes)} to move, into ${placeName(plan.destination, plan.target)}`,
  );
}

/** What needs nobody's decision comes in one line. */
function printConcerns(about: string, concerns: readonly Concern[]): void {
  if (concerns.length === 0) return;
  printLine(`\n${bold(about)}`);
  const paint = { critical: red, warning: yellow, information: green };
  const open = concerns.filter(({ severity, waived }) => severity !== 'information' && waived === null);
  for (const { id, severity, about: part, message, remedy, fix } of open) {
    printLine(`  ${paint[severity](severity)}: ${part === null ? '' : `${part}: `}${message} (${id})`);
    if (fix !== null) printLine(`    done by the plan: ${fix}`);
    printLine(`    remedy: ${remedy}`);
  }
  const rest = concerns.filter((concern) => !open.includes(concern));
  const ids = [...new Set(rest.map(({ id, waived }) => (waived === null ? id : `${id} (waived)`)))];
  if (ids.length > 0) printLine(`  ${green('to know')}: ${ids.join(', ')}`);
}

function printEstimate({ waves, seconds, bottleneck, storage }: Estimate): void {
  if (waves.length > 1) {
    printLine();
    const rows = waves.map((wave) => [
      wave.wave,
      `${wave.machines}`,
      formatBytes(wave.bytes),
      formatSeconds(wave.seconds),
      wave.startsAt ?? '',
      wave.endsAt ?? '',
      wave.bottleneck,
    ]);
    printLine(formatTable([['WAVE', 'MACHINES', 'DATA', 'WORK', 'STARTS', 'ENDS', 'HELD BACK BY'], ...rows]));
  }
  for (const { storage: name, bytes, freeBytes } of storage) {
    if (name === null) continue;
    const free = freeBytes === null ? '' : ` of ${formatBytes(freeBytes)} free`;
    printLine(`\n${name}: up to ${formatBytes(bytes)}${free}`);
  }
  printLine(`\nestimated ${formatSeconds(seconds)} of work, held back by the ${bottleneck}`);
}

function printComparison({ waves, before, after }: EstimateComparison): void {
  const rows = [
    ...waves.map((wave) => [wave.wave, wave.before, wave.after] as const),
    ['all', before, after] as const,
  ].map(([name, then, now]) => [
    name,
    then === null ? '' : formatSeconds(then.seconds),
    now === null ? '' : formatSeconds(now.seconds),
    then?.bottleneck ?? '',
    now?.bottleneck ?? '',
  ]);
  printLine(`\n${formatTable([['WHAT IF', 'PLANNED', 'THEN', 'HELD BACK BY', 'THEN'], ...rows])}`);
}
