import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import about from '../../../package.json' with { type: 'json' };
import { tellServiceManager } from '../../io/service-manager.js';
import { XenferryError } from '../../model/errors.js';
import { startService } from '../../service/index.js';
import type { Command } from '../command.js';
import { type CommonOptions, note, printJson } from '../output.js';
import { ledgerOptions, QUEUE_OPTION, STORE_OPTION } from '../store-option.js';
import { whenAborted } from '../when-aborted.js';

interface Options extends CommonOptions {
  readonly home: string;
  readonly listen: string;
  readonly store: string | undefined;
  readonly queue: string | undefined;
  readonly 'on-workers': boolean;
  readonly 'public-url': string | undefined;
  readonly 'tls-cert': string | undefined;
  readonly 'tls-key': string | undefined;
  readonly 'allow-folder': string[];
  readonly 'batches-at-once': number;
  readonly 'open-metrics': boolean;
}

const MAX_BATCHES = 16;
/** Beside the bundle. */
const DASHBOARD = fileURLToPath(new URL('./dashboard/', import.meta.url));

export const serveCommand: Command<Options> = {
  builder: (args) =>
    args
      .option('home', {
        type: 'string',
        demandOption: true,
        requiresArg: true,
        describe: 'Folder of the ledger and of all that has no other place',
      })
      .option('listen', {
        type: 'string',
        default: '127.0.0.1:8642',
        requiresArg: true,
        describe: 'Address and port; [::]:8642 for all addresses, then with TLS',
      })
      .option('store', { ...STORE_OPTION, describe: `${STORE_OPTION.describe}; default: the home` })
      .option('queue', QUEUE_OPTION)
      .option('on-workers', {
        type: 'boolean',
        default: false,
        describe: 'Have the workers at the store run the machines (docs/several-machines.md)',
      })
      .option('public-url', {
        type: 'string',
        requiresArg: true,
        describe: 'Address under which people reach the dashboard, for links in messages',
      })
      .option('tls-cert', { type: 'string', requiresArg: true, describe: 'Certificate chain, PEM' })
      .option('tls-key', { type: 'string', requiresArg: true, describe: 'Key of the certificate, PEM' })
      .option('allow-folder', {
        type: 'string',
        array: true,
        default: [],
        requiresArg: true,
        describe: 'Folders beside the home that migrations may name',
      })
      .option('batches-at-once', {
        type: 'number',
        default: 1,
        requiresArg: true,
        describe: 'Batches that run at the same time',
      })
      .option('open-metrics', {
        type: 'boolean',
        default: false,
        describe: 'Let anybody read /metrics; a token is needed without',
      })
      .implies('tls-cert', 'tls-key')
      .implies('tls-key', 'tls-cert')
      .example(
        '$0 serve --home /var/lib/xenferry',
        'On this machine alone; the first token is in admin-token',
      )
      .example(
        '$0 serve --home DIR --listen 0.0.0.0:8642 --tls-cert cert.pem --tls-key key.pem',
        'For the network',
      ),
  handler: async (options) => {
    const ended = untilSignal();
    const { store, queue } = await ledgerOptions(options);
    const service = await startService({
      store,
      queue,
      publicUrl: publicUrl(options['public-url']),
      ...addressOf(options.listen),
      home: options.home,
      version: about.version,
      tls: tlsOf(options),
      allowedFolders: options['allow-folder'],
      batchesAtOnce: batchesAtOnce(options['batches-at-once']),
      openMetrics: options['open-metrics'],
      dashboard: DASHBOARD,
      logTo: process.stderr,
    });
    const { url, firstToken } = service;
    if (options.json) printJson({ url, home: resolve(options.home), firstToken });
    else {
      note(`listening on ${url}; Ctrl-C ends it`);
      if (firstToken !== null) note(`the first token, an admin's, is in ${firstToken}`);
    }
    await tellServiceManager('ready');
    await Promise.race([ended, whenAborted(service.lost)]);
    await tellServiceManager('stopping');
    await service.close();
    service.lost.throwIfAborted();
  },
};

/** Resolves at the first Ctrl-C or SIGTERM; a second one ends the process at once. */
async function untilSignal(): Promise<void> {
  await new Promise<void>((done) => {
    process.once('SIGINT', () => done());
    process.once('SIGTERM', () => done());
  });
}

/** Throws CONFIG_INVALID for what is no address of the web. */
function publicUrl(given: string | undefined): string | null {
  if (given === undefined) return null;
  if (URL.canParse(given) && /^https?:/.test(given)) return given;
  throw new XenferryError(
    'CONFIG_INVALID',
    '--public-url takes an address such as https://xenferry.example.com/',
  );
}

/** Throws CONFIG_INVALID for what is not `ADDRESS:PORT`. */
function addressOf(listen: string): { host: string; port: number } {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(listen) ?? [];
  const port = Number(digits);
  const host = bracketed ?? plain;
  if (host !== undefined && port <= 65_535) return { host, port };
  throw new XenferryError('CONFIG_INVALID', '--listen takes an address and a port, such as 127.0.0.1:8642');
}

function tlsOf({ 'tls-cert': cert, 'tls-key': key }: Options): { cert: string; key: string } | null {
  return cert === undefined || key === undefined ? null : { cert, key };
}

function batchesAtOnce(number: number): number {
  if (Number.isInteger(number) && number >= 1 && number <= MAX_BATCHES) return number;
  throw new XenferryError(
    'CONFIG_INVALID',
    `--batches-at-once takes a whole number from 1 to ${MAX_BATCHES}`,
  );
}
