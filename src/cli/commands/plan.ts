import { formatBytes } from '../../model/format.js';
import { type Concern, isBlocking, type Plan } from '../../model/plan.js';
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
import { type PlanningOptions, planSources, withPlanningOptions } from '../planning.js';

export const planCommand: Command<CommonOptions & PlanningOptions> = {
  builder: (args) =>
    withPlanningOptions(args)
      .example('$0 plan exports/ --target /srv/xva', 'Everything below exports/')
      .example("$0 plan exports/ --only 'web*' --json", 'Some machines, as JSON'),
  handler: async (options) => {
    const { plan } = await planSources(options);
    if (options.json) printJson(plan);
    else printPlan(plan);
    process.exitCode = isClear(plan) ? EXIT.done : EXIT.planBlocked;
  },
};

function isClear({ machines, unreadable, concerns }: Plan): boolean {
  return (
    unreadable.length === 0 &&
    ![...concerns, ...machines.flatMap((machine) => machine.concerns)].some(isBlocking)
  );
}

function printPlan({ machines, unreadable, concerns, target }: Plan): void {
  const rows = machines.map(({ machine, profile, output, dataBytes, concerns: found }) => [
    machine.name,
    profile.title,
    formatBytes(machine.disks.reduce((sum, disk) => sum + disk.capacityBytes, 0)),
    formatBytes(dataBytes),
    output,
    found.some(isBlocking) ? 'blocked' : found.length > 0 ? `${found.length} to read` : 'ready',
  ]);
  printLine(formatTable([['NAME', 'PROFILE', 'DISKS', 'DATA', 'OUTPUT', 'VERDICT'], ...rows]));
  for (const { machine, concerns: found } of machines) {
    if (found.length > 0) printConcerns(machine.name, found);
  }
  for (const { file, line, message, code, hint } of unreadable) {
    printConcerns(file, [
      {
        id: code,
        severity: 'critical',
        about: null,
        message: line === null ? message : `line ${line}: ${message}`,
        remedy: hint,
        fix: null,
        waivable: false,
        waived: null,
      },
    ]);
  }
  if (concerns.length > 0) printConcerns('the plan', concerns);
  const total = machines.reduce((sum, { dataBytes }) => sum + dataBytes, 0);
  printLine(`\n${machines.length} machines, ${formatBytes(total)} to move, into ${target}`);
}

function printConcerns(about: string, concerns: readonly Concern[]): void {
  printLine(`\n${bold(about)}`);
  const paint = { critical: red, warning: yellow, information: green };
  for (const { id, severity, message, remedy } of concerns) {
    printLine(`  ${paint[severity](severity)}: ${message} (${id})\n    remedy: ${remedy}`);
  }
}
