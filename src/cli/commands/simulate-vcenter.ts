import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { machineMaker, type SimulatedVcenter, startVcenter } from '../../../test/simulators/vcsim/index.js';
import { convertFile } from '../../coordinator/convert-file.js';
import type { KeyReference } from '../../model/destination.js';
import { systemErrorCode, XenferryError } from '../../model/errors.js';
import type { Disk, VirtualMachine } from '../../model/virtual-machine.js';
import { readInventory } from '../../sources/index.js';
import type { Command } from '../command.js';
import { interruptible } from '../interrupt.js';
import { type CommonOptions, note, printJson, printLine } from '../output.js';
import { shellQuote } from '../shell-quote.js';
import { keepPassword, MAX_SECONDS, untilEnd, wholeNumber, writeMigration } from '../simulator.js';
import { countOption } from '../threads.js';

interface Options extends CommonOptions {
  readonly estate: string;
  readonly running: readonly string[];
  readonly seconds: number | undefined;
  readonly write: string | undefined;
}

const PASSWORD_VARIABLE = 'XENFERRY_VCENTER_PASSWORD';
/** What the script that builds the simulator ends with when a package is missing. */
const MISSING_PACKAGE = 2;

export const simulateVcenterCommand: Command<Options> = {
  builder: (args) =>
    args
      .positional('estate', {
        type: 'string',
        demandOption: true,
        describe: 'Folder, .ovf, .ova or .vmx: what machines it has and what is on their disks',
      })
      .option('running', {
        type: 'string',
        array: true,
        default: [],
        requiresArg: true,
        describe: 'Names of machines that run, with VMware Tools that shut them down when told to',
      })
      .option('seconds', {
        type: 'number',
        requiresArg: true,
        describe: 'How long it runs; until Ctrl-C without',
      })
      .option('write', {
        type: 'string',
        requiresArg: true,
        describe: 'Write the part of a migration file that names it as the source',
      })
      .example('$0 simulate-vcenter samples/estate --running web01', 'Until Ctrl-C')
      .example(
        '$0 simulate-vcenter exports/ --write vcenter.yaml',
        'Its address, user and fingerprint in a file',
      ),
  handler: async (options) => {
    const seconds = wholeNumber('seconds', options.seconds ?? MAX_SECONDS, 1, MAX_SECONDS);
    const machines = await machinesOf(options);
    const secret = await keepPassword(PASSWORD_VARIABLE);
    try {
      const vcenter = await start(secret.password);
      try {
        await interruptible((signal) => furnish(vcenter, machines, options.running, signal));
        const ended = untilEnd(options.seconds === undefined ? undefined : seconds);
        const source = sourceAt(vcenter, secret.reference);
        if (options.write !== undefined) await writeMigration(options.write, { sources: [source] });
        tell(source, secret.file, machines, options);
        await ended;
      } finally {
        await vcenter.close();
      }
    } finally {
      await secret.forget();
    }
  },
};

/** Throws CONFIG_INVALID when a name of `running` is none of them, or what is on a disk is not there. */
async function machinesOf({ estate, running }: Options): Promise<readonly VirtualMachine[]> {
  const { machines } = await readInventory(estate);
  const names = new Set(machines.map(({ name }) => name));
  const unknown = running.find((name) => !names.has(name));
  if (unknown !== undefined)
    throw new XenferryError('CONFIG_INVALID', `--running: no machine is called ${unknown}`);
  return machines;
}

async function start(password: string): Promise<SimulatedVcenter> {
  try {
    return await startVcenter({ password });
  } catch (cause) {
    if (systemErrorCode(cause) === 'ENOENT') {
      const message = 'the simulated vCenter is built from its sources, which only a checkout has';
      throw new XenferryError('TOOL_MISSING', message, { hint: 'Start it in a checkout.', cause });
    }
    if (!(cause instanceof Error && 'status' in cause && cause.status === MISSING_PACKAGE)) throw cause;
    const hint = 'sudo apt-get install --no-install-recommends golang-go golang-github-vmware-govmomi-dev';
    throw new XenferryError('TOOL_MISSING', 'what builds the simulated vCenter is not installed', { hint });
  }
}

/** Makes the machines over its API, with what their disks hold. */
async function furnish(
  vcenter: SimulatedVcenter,
  machines: readonly VirtualMachine[],
  running: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const make = await machineMaker(vcenter);
  const folder = await mkdtemp(join(tmpdir(), 'xenferry-disks-'));
  try {
    for (const machine of machines) {
      const contents: string[] = [];
      for (const [number, disk] of machine.disks.entries()) {
        contents.push(await rawDisk(disk, join(folder, `${number}.raw`), signal));
      }
      await make({ machine, contents, running: running.includes(machine.name) });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function rawDisk({ file, location }: Disk, output: string, signal: AbortSignal): Promise<string> {
  const [part, ...more] = location?.kind === 'files' && location.compression === null ? location.parts : [];
  if (part === undefined || more.length > 0) {
    throw new XenferryError('SOURCE_UNREADABLE', 'such a disk cannot be put into the simulated vCenter', {
      file,
    });
  }
  const { path } = part.range;
  await convertFile({
    input: path.endsWith('.ova') ? `${path}/${part.name}` : path,
    inputFormat: null,
    overlay: undefined,
    tlsFingerprint: undefined,
    output,
    parent: undefined,
    format: 'raw',
    threads: countOption('workers', undefined),
    digest: 'xxh64',
    force: true,
    signal,
    onProgress: () => {},
  });
  return output;
}

interface Source {
  readonly vsphere: string;
  readonly user: string;
  readonly password: KeyReference;
  readonly tlsFingerprints: readonly string[];
}

/** As migration files have it. */
function sourceAt({ url, user, fingerprint }: SimulatedVcenter, password: KeyReference): Source {
  return { vsphere: new URL(url).origin, user, password, tlsFingerprints: [fingerprint] };
}

function tell(
  source: Source,
  passwordFile: string | null,
  machines: readonly VirtualMachine[],
  { running, write, json }: Options,
): void {
  const { vsphere, user, tlsFingerprints } = source;
  const names = machines.map(({ name }) => name);
  if (json) {
    printJson({ url: vsphere, user, passwordFile, tlsFingerprints, machines: names, running });
    return;
  }
  printLine(`vCenter:      ${vsphere}`);
  printLine(`user:         ${user}`);
  printLine(`password:     ${passwordFile ?? `in $${PASSWORD_VARIABLE}`}`);
  for (const fingerprint of tlsFingerprints) printLine(`fingerprint:  ${fingerprint}`);
  printLine(`machines:     ${names.join(', ')}`);
  if (running.length > 0) printLine(`running:      ${running.join(', ')}`);
  if (write === undefined) {
    printLine('\nIn the migration file:\n');
    printLine(stringify({ sources: [source] }, { lineWidth: 0 }));
  } else {
    printLine(`\nAs a source: ${shellQuote(write)}\n`);
  }
  note('Ctrl-C ends it, and all that is stored on it');
}
