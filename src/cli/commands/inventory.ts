import { readMigrationSources } from '../../coordinator/index.js';
import { XenferryError } from '../../model/errors.js';
import { formatBytes } from '../../model/format.js';
import type { Inventory } from '../../model/inventory.js';
import { isCritical } from '../../model/plan.js';
import { readInventory } from '../../sources/index.js';
import type { Command } from '../command.js';
import { exitCodeOfCounts } from '../exit-codes.js';
import { type CommonOptions, formatTable, note, printJson, printLine, red, yellow } from '../output.js';

interface Options extends CommonOptions {
  readonly source: string | undefined;
  readonly migration: string | undefined;
}

export const inventoryCommand: Command<Options> = {
  builder: (args) =>
    args
      .positional('source', { type: 'string', describe: 'Folder, .ovf, .ova or .vmx, RVTools export' })
      .option('migration', {
        alias: 'm',
        type: 'string',
        requiresArg: true,
        conflicts: 'source',
        describe: 'Migration file, whose sources are read: vCenters and ESXi hosts too',
      })
      .example('$0 inventory samples/estate', 'Table of all machines')
      .example('$0 inventory web01.ovf --json', 'The same as JSON; docs/cli.md has its fields'),
  handler: async ({ json, ...options }) => {
    const inventory = await readNamed(options);
    if (json) printJson(inventory);
    else printInventory(inventory);
    process.exitCode = exitCodeOfInventory(inventory);
  },
};

async function readNamed({ source, migration }: Omit<Options, 'json'>): Promise<Inventory> {
  if (source !== undefined) return await readInventory(source);
  if (migration !== undefined) return await readMigrationSources(migration);
  throw new XenferryError('USAGE', 'no source is given', {
    hint: 'Name a folder or file of exports, or a migration file that has sources.',
  });
}

function printInventory({ machines, problems }: Inventory): void {
  const rows = machines.map((machine) => [
    machine.name,
    machine.guestOs,
    machine.secureBoot ? `${machine.firmware} secure` : machine.firmware,
    `${machine.cpus}`,
    formatBytes(machine.memoryBytes),
    machine.disks.map((disk) => `${formatBytes(disk.capacityBytes)} ${disk.format}`).join(', '),
    machine.nics.map((nic) => nic.network).join(', '),
    machine.startOrder === null ? '' : `${machine.startOrder}`,
  ]);
  printLine(
    formatTable([['NAME', 'GUEST', 'FIRMWARE', 'CPUS', 'MEMORY', 'DISKS', 'NETWORKS', 'START'], ...rows]),
  );
  for (const { severity, file, line, message, code, hint } of problems) {
    const mark = severity === 'critical' ? red(severity) : yellow(severity);
    note(`${mark}: ${file}${line === null ? '' : `:${line}`}: ${message} (${code})\n  hint: ${hint}`);
  }
}

/** A critical problem means that its machine, or what a descriptor should hold, cannot be converted. */
function exitCodeOfInventory({ machines, problems }: Inventory): number {
  const critical = problems.filter(isCritical);
  const broken = new Set(critical.flatMap(({ machineId }) => (machineId === null ? [] : [machineId])));
  const unreadable = critical.filter(({ machineId }) => machineId === null).length;
  return exitCodeOfCounts(broken.size + unreadable, machines.length + unreadable);
}
