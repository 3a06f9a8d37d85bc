import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  backUpLedger,
  checkLedgerFile,
  databaseFile,
  type LedgerFacts,
  ledgerFolder,
  restoreLedger,
} from '../../ledger/index.js';
import { XenferryError } from '../../model/errors.js';
import { formatBytes } from '../../model/format.js';
import type { Command } from '../command.js';
import { type CommonOptions, countOf, printJson, printLine } from '../output.js';

const ACTIONS = ['backup', 'restore', 'check'] as const;

interface Options extends CommonOptions {
  readonly action: (typeof ACTIONS)[number];
  readonly from: string;
  readonly to: string | undefined;
  readonly force: boolean;
}

export const ledgerCommand: Command<Options> = {
  builder: (args) =>
    args
      .positional('action', {
        choices: ACTIONS,
        demandOption: true,
        describe: 'Copy a ledger, also beside a run; make a copy the ledger again; read one in full',
      })
      .positional('from', {
        type: 'string',
        demandOption: true,
        describe: "Target folder of runs, or the service's; for restore the backup; for check either",
      })
      .positional('to', { type: 'string', describe: 'backup: the file to write; restore: the folder' })
      .option('force', { type: 'boolean', default: false, describe: 'backup: replace the file' })
      .example('$0 ledger backup out nightly.sqlite', 'While a run goes on as well')
      .example('$0 ledger restore nightly.sqlite out', 'The ledger that is there is kept beside it')
      .example('$0 ledger check out', 'Whether it is sound'),
  handler: async (options) => {
    for (const place of [options.from, options.to]) refuseServer(place);
    const { document, lines } = await ACT[options.action](options);
    if (options.json) printJson(document);
    else for (const line of lines) printLine(line);
  },
};

interface Result {
  readonly document: unknown;
  readonly lines: readonly string[];
}

const ACT: Record<Options['action'], (options: Options) => Promise<Result>> = {
  backup: async ({ from, to, force }) => {
    const file = resolve(needed(to, 'the file to write'));
    if (existsSync(file) && !force) throw new XenferryError('TARGET_EXISTS', 'is there already', { file });
    const facts = await backUpLedger(resolve(from), file);
    return { document: facts, lines: [factsLine(facts)] };
  },
  restore: async ({ from, to }) => {
    const restored = await restoreLedger(resolve(from), resolve(needed(to, 'the folder')));
    const kept = restored.kept === null ? [] : [`The one before: ${restored.kept}`];
    return { document: restored, lines: [factsLine(restored), ...kept] };
  },
  check: async ({ from }) => {
    const facts = await checkLedgerFile(ledgerAt(resolve(from)));
    return { document: facts, lines: [`sound: ${factsLine(facts)}`] };
  },
};

/** A backup is a file, the ledger of a target in a folder of its own. */
function ledgerAt(path: string): string {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
    ? databaseFile(ledgerFolder(path))
    : path;
}

function factsLine({ file, bytes, schema, batches, jobs }: LedgerFacts): string {
  return `${file}: ${batches} ${batches === 1 ? 'batch' : 'batches'}, ${countOf(jobs, 'machine')}, ${formatBytes(bytes)}, schema ${schema}`;
}

function needed(value: string | undefined, what: string): string {
  if (value === undefined) throw new XenferryError('USAGE', `${what} is missing`);
  return value;
}

/** Of a database server the message must not repeat the address, which may hold a password. */
function refuseServer(place: string | undefined): void {
  if (place === undefined || !/^postgres(ql)?:/i.test(place)) return;
  throw new XenferryError('USAGE', 'a ledger in PostgreSQL is not a file', {
    hint: 'Use pg_dump and pg_restore, as docs/service.md says.',
  });
}
