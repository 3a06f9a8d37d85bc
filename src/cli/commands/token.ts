import { resolve } from 'node:path';
import { Ledger, type LedgerPlace, readLedgerPlace } from '../../ledger/index.js';
import { XenferryError } from '../../model/errors.js';
import { issueToken, ROLES, type Role } from '../../service/index.js';
import type { Command } from '../command.js';
import { type CommonOptions, formatTable, note, printJson, printLine } from '../output.js';
import { STORE_OPTION } from '../store-option.js';

const ACTIONS = ['create', 'list', 'revoke'] as const;
const DAY_MS = 24 * 3600_000;
const MAX_DAYS = 3650;
const MAX_NAME = 200;

interface Options extends CommonOptions {
  readonly action: (typeof ACTIONS)[number];
  readonly name: string | undefined;
  readonly home: string | undefined;
  readonly store: string | undefined;
  readonly role: Role;
  readonly days: number | undefined;
}

export const tokenCommand: Command<Options> = {
  builder: (args) =>
    args
      .positional('action', { choices: ACTIONS, demandOption: true, describe: 'What to do' })
      .positional('name', { type: 'string', describe: 'What the token is called' })
      .option('home', {
        type: 'string',
        requiresArg: true,
        describe: 'Home of the service, which may run meanwhile',
      })
      .option('store', { ...STORE_OPTION, describe: `${STORE_OPTION.describe}; default: the home` })
      .option('role', {
        choices: ROLES,
        default: 'viewer' as const,
        requiresArg: true,
        describe: 'viewer reads, operator runs batches, admin makes tokens and removes batches',
      })
      .option('days', {
        type: 'number',
        requiresArg: true,
        describe: 'How long it is good; for ever without',
      })
      .example('$0 token create night-shift --role operator --home DIR', 'Prints the token, once')
      .example('$0 token revoke night-shift --home DIR', 'A second later it is good for nothing'),
  handler: async (options) => {
    const ledger = await Ledger.openForReading(await placeOf(options));
    try {
      if (options.action === 'list') await list(ledger, options);
      else if (options.action === 'create') await create(ledger, options);
      else await revoke(ledger, options);
    } finally {
      await ledger.close();
    }
  },
};

async function placeOf({ home, store }: Options): Promise<LedgerPlace> {
  if (store !== undefined) return await readLedgerPlace(store);
  if (home !== undefined) return { folder: resolve(home) };
  throw new XenferryError('USAGE', 'a service is named by its --home, or by its --store');
}

async function list(ledger: Ledger, { json }: Options): Promise<void> {
  const tokens = await ledger.tokens.list();
  if (json) {
    printJson({ tokens });
    return;
  }
  const rows = tokens.map(({ name, role, expiresAt, lastUsedAt }) => [
    name,
    role,
    expiresAt === null ? 'never' : new Date(expiresAt).toISOString(),
    lastUsedAt === null ? 'never' : new Date(lastUsedAt).toISOString(),
  ]);
  printLine(formatTable([['NAME', 'ROLE', 'EXPIRES', 'LAST USED'], ...rows]));
}

async function create(ledger: Ledger, options: Options): Promise<void> {
  const { role, days, json } = options;
  if (days !== undefined && !(days > 0 && days <= MAX_DAYS)) {
    throw new XenferryError('CONFIG_INVALID', `--days takes a number up to ${MAX_DAYS}`);
  }
  const expiresAt = days === undefined ? null : Math.round(Date.now() + days * DAY_MS);
  const issued = await issueToken(ledger, { name: nameOf(options), role, expiresAt });
  if (json) printJson(issued);
  else {
    printLine(issued.token);
    note('This is the only time that it is shown.');
  }
}

async function revoke(ledger: Ledger, options: Options): Promise<void> {
  const name = nameOf(options);
  const token = (await ledger.tokens.list()).find((one) => one.name === name);
  if (token === undefined || !(await ledger.tokens.remove(token.id))) {
    throw new XenferryError('CONFIG_INVALID', `there is no token ${JSON.stringify(name)}`);
  }
  if (options.json) printJson({ revoked: name });
  else printLine(`${name} is revoked`);
}

function nameOf({ name }: Options): string {
  if (name !== undefined && name.length <= MAX_NAME && /^[^\p{Cc}]+$/u.test(name)) return name;
  throw new XenferryError('USAGE', 'the name of the token is missing, or none');
}
