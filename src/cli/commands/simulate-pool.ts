import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import {
  type PoolOptions,
  type RepositoryOptions,
  type SimulatedPool,
  startPool,
} from '../../../test/simulators/xapi-pool/index.js';
import type { KeyReference } from '../../model/destination.js';
import { systemErrorCode, XenferryError } from '../../model/errors.js';
import type { Command } from '../command.js';
import { type CommonOptions, note, printJson, printLine } from '../output.js';
import { shellQuote } from '../shell-quote.js';

interface Options extends CommonOptions {
  readonly hosts: number;
  readonly port: number;
  readonly seconds: number | undefined;
  readonly faults: number | undefined;
  readonly write: string | undefined;
}

const PASSWORD_VARIABLE = 'XENFERRY_POOL_PASSWORD';
const USER = 'root';
const NETWORK = 'Internal';
const MAX_HOSTS = 64;
/** The longest that a timer waits. */
const MAX_SECONDS = 2_000_000;
const TIB = 1024 ** 4;
/** Of a storm: often enough to be met by any machine, seldom enough to get through. */
const FAULT_PROBABILITY = 0.05;

export const simulatePoolCommand: Command<Options> = {
  builder: (args) =>
    args
      .option('hosts', {
        type: 'number',
        default: 3,
        requiresArg: true,
        describe: 'How many; each has an address of its own from 127.0.0.1 on',
      })
      .option('port', {
        type: 'number',
        default: 0,
        requiresArg: true,
        describe: 'That all hosts listen on; 0: one that is free',
      })
      .option('seconds', {
        type: 'number',
        requiresArg: true,
        describe: 'How long it runs; until Ctrl-C without',
      })
      .option('faults', {
        type: 'number',
        requiresArg: true,
        describe: 'Lets calls and transfers fail at random; the same number, the same faults',
      })
      .option('write', {
        type: 'string',
        requiresArg: true,
        describe: 'Write a migration file that leads into it, for xenferry plan and run -m',
      })
      .example('$0 simulate-pool', 'Three hosts, until Ctrl-C')
      .example('$0 simulate-pool --write pool.yaml', 'And then: xenferry run exports/ -m pool.yaml')
      .example('$0 simulate-pool --hosts 1 --port 8443 --seconds 600', 'At a fixed address, for ten minutes')
      .example('$0 simulate-pool --faults 7', 'A pool on which things go wrong'),
  handler: async (options) => {
    const hosts = wholeNumber('hosts', options.hosts, 1, MAX_HOSTS);
    const port = wholeNumber('port', options.port, 0, 65_535);
    const seconds = wholeNumber('seconds', options.seconds ?? MAX_SECONDS, 1, MAX_SECONDS);
    const seed = wholeNumber('faults', options.faults ?? 0, 0, 2 ** 32 - 1);
    const ended = untilEnd(options.seconds === undefined ? undefined : seconds);
    const secret = await keepPassword();
    try {
      const pool = await start({ ...estate(hosts), port, users: [secret.user] });
      try {
        if (options.faults !== undefined) pool.faults.storm({ seed, probability: FAULT_PROBABILITY });
        const access = accessTo(pool, secret.file);
        if (options.write !== undefined) await writeMigration(options.write, access);
        tell(pool, access, options);
        await ended;
      } finally {
        await pool.close();
      }
    } finally {
      await secret.forget();
    }
  },
};

function wholeNumber(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new XenferryError('CONFIG_INVALID', `--${name} takes a whole number from ${least} to ${most}`);
}

/** Resolves when the time is over or at the first Ctrl-C or SIGTERM; a second one ends the process at once. */
async function untilEnd(seconds: number | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
    // A pool that could not start is not waited for.
    if (seconds !== undefined) setTimeout(resolve, seconds * 1000).unref();
  });
}

interface Secret {
  readonly user: { readonly name: string; readonly password: string; readonly role: 'pool-admin' };
  /** Where the password is written; null where the environment has told it. */
  readonly file: string | null;
  readonly forget: () => Promise<void>;
}

/** The operator's password, or a new one in a file that nobody else may read. */
async function keepPassword(): Promise<Secret> {
  const told = process.env[PASSWORD_VARIABLE];
  const password = told || randomBytes(18).toString('base64url');
  const user = { name: USER, password, role: 'pool-admin' } as const;
  if (told) return { user, file: null, forget: async () => {} };
  const folder = await mkdtemp(join(tmpdir(), 'xenferry-simulate-'));
  const file = join(folder, 'password');
  await writeFile(file, `${password}\n`, { mode: 0o600 });
  return { user, file, forget: async () => await rm(folder, { recursive: true, force: true }) };
}

/** A repository on each host, one that all share, one for images. */
function estate(hosts: number): PoolOptions {
  const numbers = Array.from({ length: hosts }, (_, number) => number);
  const repositories: RepositoryOptions[] = [
    { name: 'Shared storage', type: 'nfs', size: 8 * TIB, shared: true },
    ...numbers.map((number) => {
      const name = `Local storage of host${number + 1}`;
      return { name, type: 'ext', size: TIB, hosts: [number] };
    }),
    { name: 'ISO library', type: 'iso', size: 10 * 1024 ** 3, shared: true },
  ];
  return { hosts: numbers.map(() => ({})), repositories, networks: [NETWORK] };
}

async function start(options: PoolOptions): Promise<SimulatedPool> {
  try {
    return await startPool(options);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT') {
      const hint = 'sudo apt-get install --no-install-recommends openssl';
      throw new XenferryError('TOOL_MISSING', 'openssl, which makes the certificates, is not installed', {
        hint,
      });
    }
    if (code === undefined || !/^E(?:ADDR|ACCES)/.test(code)) throw error;
    const wanted = `--port ${options.port} on 127.0.0.1 to 127.0.0.${options.hosts?.length}`;
    throw new XenferryError('CONFIG_INVALID', `${wanted} cannot be listened on (${code})`, { cause: error });
  }
}

interface Access {
  readonly url: string;
  readonly user: string;
  readonly password: KeyReference;
  readonly tlsFingerprints: readonly string[];
}

/** As migration files have it. */
function accessTo(pool: SimulatedPool, passwordFile: string | null): Access {
  return {
    url: pool.url,
    user: USER,
    password: passwordFile === null ? { environment: PASSWORD_VARIABLE } : { file: passwordFile },
    tlsFingerprints: pool.hosts.map(({ tlsFingerprint }) => tlsFingerprint),
  };
}

/** One with which any estate fits in. */
async function writeMigration(file: string, pool: Access): Promise<void> {
  const migration = { version: 1, networks: [{ from: '*', to: NETWORK }], target: { folder: 'out', pool } };
  try {
    await writeFile(file, stringify(migration, { lineWidth: 0 }), { flag: 'wx' });
  } catch (cause) {
    if (systemErrorCode(cause) === 'EEXIST') {
      throw new XenferryError('TARGET_EXISTS', 'a file of that name exists', { file });
    }
    const reason = systemErrorCode(cause) ?? String(cause);
    throw new XenferryError('TARGET_UNWRITABLE', `cannot be written (${reason})`, { file, cause });
  }
}

function tell(pool: SimulatedPool, access: Access, { write, json }: Options): void {
  const { url, user, password, tlsFingerprints } = access;
  const names = (className: string): string[] =>
    pool.objects.all(className).map((row) => row.text('name_label'));
  const passwordFile = 'file' in password ? password.file : null;
  const [repositories, networks] = [names('SR'), names('network')];
  if (json) {
    printJson({ url, user, passwordFile, tlsFingerprints, repositories, networks });
    return;
  }
  printLine(`pool:         ${url} (${pool.hosts.length} hosts)`);
  printLine(`user:         ${user}`);
  printLine(`password:     ${passwordFile ?? `in $${PASSWORD_VARIABLE}`}`);
  for (const fingerprint of tlsFingerprints) printLine(`fingerprint:  ${fingerprint}`);
  printLine(`repositories: ${repositories.join(', ')}`);
  printLine(`networks:     ${networks.join(', ')}`);
  if (write === undefined) {
    printLine('\nIn the migration file:\n');
    printLine(stringify({ target: { pool: access } }, { lineWidth: 0 }));
  } else {
    printLine(`\nInto it: xenferry run EXPORTS -m ${shellQuote(write)}\n`);
  }
  note('Ctrl-C ends it, and all that is stored on it');
}
