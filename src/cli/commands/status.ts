import { formatBytes, formatSeconds } from '../../model/format.js';
import { SOURCE_CHANGE_WORDS } from '../../model/source-change-words.js';
import { type MachineReport, type RunReport, sourceChangeState } from '../../report/index.js';
import { type BatchOptions, wantedBatch, withBatchOptions } from '../batch-option.js';
import type { Command } from '../command.js';
import { loadReport } from '../load-report.js';
import { type CommonOptions, formatTable, printJson, printLine } from '../output.js';

type Options = BatchOptions & CommonOptions;

export const statusCommand: Command<Options> = {
  builder: (args) =>
    withBatchOptions(args, 'Target folder of a run')
      .example('$0 status /srv/xva', 'A line per machine')
      .example(
        '$0 status /srv/xva --store postgres://xenferry@db.example.com/xenferry',
        'Of a run with that store',
      ),
  handler: async (options) => {
    const report = await loadReport(await wantedBatch(options));
    if (options.json) printJson(statusDocument(report));
    else printStatus(report);
  },
};

function statusDocument({ target, startedAt, finishedAt, totals, machines }: RunReport) {
  return {
    target,
    startedAt,
    finishedAt,
    totals,
    machines: machines.map((machine) => statusOf(machine)),
  };
}

function statusOf({
  name,
  state,
  rollback,
  rolledBackAt,
  safeBytes,
  planned,
  error,
  output,
  landed,
  waitsFor,
  sourceChanges,
  warm,
}: MachineReport) {
  return {
    name,
    state,
    rollback,
    rolledBackAt,
    safeBytes: state === 'done' ? (planned?.dataBytes ?? 0) : safeBytes,
    dataBytes: planned?.dataBytes ?? 0,
    output,
    landed,
    waitsFor,
    error,
    sourceChanges,
    warm,
  };
}

function printStatus({ machines, totals, startedAt, finishedAt }: RunReport): void {
  printLine(formatTable([['NAME', 'STATE', 'SAFE', 'OUTPUT'], ...machines.map(statusRow)]));
  for (const { name, sourceChanges } of machines) {
    for (const { kind } of sourceChanges.filter((change) => sourceChangeState(change) === 'stands'))
      printLine(`${name}: ${SOURCE_CHANGE_WORDS[kind]} at the source, not undone yet`);
  }
  for (const { name, warm } of machines) {
    if (warm?.downtimeMs != null) {
      printLine(`${name}: down for ${formatSeconds(warm.downtimeMs / 1000)} at its cutover`);
    }
  }
  const end = finishedAt ?? Date.now();
  const verb = finishedAt === null ? 'not finished' : 'finished';
  const back = totals.rolledBack === 0 ? '' : `, ${totals.rolledBack} rolled back`;
  printLine(
    `\n${totals.done} done, ${totals.failed} failed, ${totals.open} open${back}; ${verb}, ${formatSeconds((end - startedAt) / 1000)} since the start`,
  );
}

const ROLLBACKS = { begun: 'rolling back', done: 'rolled back' } as const;

function statusRow(machine: MachineReport): string[] {
  const { name, state, rollback, safeBytes, planned } = machine;
  const total = planned?.dataBytes ?? 0;
  const safe = state === 'done' ? total : safeBytes;
  return [
    name,
    rollback === null ? state : ROLLBACKS[rollback],
    `${formatBytes(safe)}/${formatBytes(total)}`,
    whatOf(machine),
  ];
}

function whatOf({ rolledBackAt, error, output, landed, waitsFor }: MachineReport): string {
  if (rolledBackAt !== null) return `${new Date(rolledBackAt).toISOString().slice(0, 16)}Z`;
  return waitsFor ?? (error === null ? (landed ?? output ?? '') : error.message);
}
