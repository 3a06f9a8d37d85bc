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
import { keepPassword, MAX_SECONDS, untilEnd, wholeNumber, writeMigration } from '../simulator.js';

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
    const secret = await keepPassword(PASSWORD_VARIABLE);
    try {
      const pool = await start({
        ...estate(hosts),
        port,
        users: [{ name: USER, password: secret.password, role: 'pool-admin' }],
      });
      try {
        if (options.faults !== undefined) pool.faults.storm({ seed, probability: FAULT_PROBABILITY });
        const access = accessTo(pool, secret.reference);
        if (options.write !== undefined) await writeMigration(options.write, migrationInto(access));
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
function accessTo(pool: SimulatedPool, password: KeyReference): Access {
  return {
    url: pool.url,
    user: USER,
    password,
    tlsFingerprints: pool.hosts.map(({ tlsFingerprint }) => tlsFingerprint),
  };
}

/** One with which any estate fits in. */
function migrationInto(pool: Access): object {
  return { version: 1, networks: [{ from: '*', to: NETWORK }], target: { folder: 'out', pool } };
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
