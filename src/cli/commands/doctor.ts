import { resolve } from 'node:path';
import { examineMigration, examineSource, type Finding } from '../../coordinator/index.js';
import { installCommand, missingTools, tryMount } from '../../guests/index.js';
import { freeBytes } from '../../io/free-space.js';
import { toXenferryError, XenferryError } from '../../model/errors.js';
import { formatBytes } from '../../model/format.js';
import { qemuImgVersion } from '../../qemu-img/index.js';
import type { Command } from '../command.js';
import { EXIT } from '../exit-codes.js';
import { type CommonOptions, green, printJson, printLine, red, yellow } from '../output.js';

interface Options extends CommonOptions {
  readonly target: string;
  readonly migration: string | undefined;
  readonly source: string | undefined;
  readonly user: string | undefined;
  readonly 'password-file': string | undefined;
  readonly 'password-env': string | undefined;
  readonly fingerprint: readonly string[] | undefined;
}

const OLDEST_NODE: readonly [number, number] = [20, 19];

export const doctorCommand: Command<Options> = {
  builder: (args) =>
    args
      .option('target', {
        type: 'string',
        default: '.',
        requiresArg: true,
        describe: 'Folder to look for space in',
      })
      .option('migration', {
        alias: 'm',
        type: 'string',
        requiresArg: true,
        describe:
          'Migration file: also looks whether what it asks for can be done, at its servers and by VDDK where it is to be',
      })
      .option('source', {
        type: 'string',
        requiresArg: true,
        describe: 'vCenter or ESXi host to look at, as https://host',
      })
      .option('user', { type: 'string', requiresArg: true, describe: 'User there' })
      .option('password-file', { type: 'string', requiresArg: true, describe: 'File with the password' })
      .option('password-env', {
        type: 'string',
        requiresArg: true,
        describe: 'Environment variable with the password',
      })
      .option('fingerprint', {
        type: 'string',
        array: true,
        requiresArg: true,
        describe: 'SHA-256 of the certificate to trust there; may be repeated',
      })
      .conflicts('migration', 'source')
      .conflicts('password-file', 'password-env')
      .example('$0 doctor --target /srv/xva', 'Tools, versions, space')
      .example(
        '$0 doctor -m migration.yaml',
        'Also the servers of a migration, and what the users may do there',
      )
      .example(
        '$0 doctor --source https://vcenter.example.com --user mover@vsphere.local --password-env VCENTER',
        'Also one server',
      ),
  handler: async (options) => {
    const { target, json } = options;
    const findings = [
      nodeFinding(),
      await qemuFinding(),
      ...(await guestFindings()),
      await spaceFinding(resolve(target)),
      ...(await serverFindings(options)),
    ];
    if (json) printJson({ findings });
    else for (const finding of findings) printFinding(finding);
    process.exitCode = findings.some(({ state }) => state === 'missing') ? EXIT.usage : EXIT.done;
  },
};

/** Without a migration nothing is asked for but to read what is there. */
const READING: ReadonlySet<'inventory'> = new Set(['inventory']);

async function serverFindings(options: Options): Promise<Finding[]> {
  const { migration, source: url, user, 'password-file': file, 'password-env': environment } = options;
  if (migration !== undefined) return await examineMigration(migration);
  if (url === undefined) return [];
  if (user === undefined || (file === undefined && environment === undefined)) {
    throw new XenferryError('USAGE', '--source needs --user, and --password-file or --password-env');
  }
  const password = file === undefined ? { environment: environment ?? '' } : { file: resolve(file) };
  return await examineSource({ url, user, password, tlsFingerprints: options.fingerprint ?? [] }, READING);
}

function printFinding({ what, state, detail, remedy }: Finding): void {
  const marks = { ok: green('ok'), missing: red('missing'), optional: yellow('optional') };
  printLine(`${marks[state]}: ${what}: ${detail}${remedy === '' ? '' : `\n  ${remedy}`}`);
}

function nodeFinding(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const good = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  const remedy = good ? '' : `Install Node ${OLDEST_NODE.join('.')} or newer.`;
  return { what: 'Node', state: good ? 'ok' : 'missing', detail: process.versions.node, remedy };
}

/** Without it flat disks are read whole, holes included, and formats that are not VMware's are refused. */
async function qemuFinding(): Promise<Finding> {
  const version = await qemuImgVersion();
  if (version !== null) return { what: 'qemu-img', state: 'ok', detail: version, remedy: '' };
  return {
    what: 'qemu-img',
    state: 'optional',
    detail: 'not installed; flat disks are slower without it and other formats cannot be read',
    remedy: 'sudo apt-get install --no-install-recommends qemu-utils',
  };
}

/** What is missing to change guests: without it they fail, or are converted as they are where the plan says so. */
async function guestFindings(): Promise<Finding[]> {
  const missing = await missingTools();
  const packages = new Set(missing.map(({ debianPackage }) => debianPackage));
  const lacking = [...packages].map((name): Finding => {
    const needed = missing.filter(({ debianPackage }) => debianPackage === name);
    const purposes = new Set(needed.map(({ neededFor }) => neededFor));
    return {
      what: `guest tools (${needed.map(({ program }) => program).join(', ')})`,
      state: 'optional',
      detail: `not installed; needed for ${[...purposes].join('; ')}`,
      remedy: installCommand([name]),
    };
  });
  const canTry = missing.every(({ program }) => !MOUNTING.includes(program));
  return [
    ...(lacking.length === 0 ? [GUEST_TOOLS_FOUND] : lacking),
    ...(canTry ? [await fuseFinding()] : []),
  ];
}

/** What a volume is mounted with; qemu-img makes the layer. */
const MOUNTING = ['qemu-img', 'qemu-storage-daemon', 'fusermount3'];

const GUEST_TOOLS_FOUND: Finding = { what: 'guest tools', state: 'ok', detail: 'all found', remedy: '' };

/** A device that is there is not enough: in a container or under a service manager the mount may be refused. */
async function fuseFinding(): Promise<Finding> {
  try {
    await tryMount();
    return { what: 'mounts by FUSE', state: 'ok', detail: 'can be used', remedy: '' };
  } catch (error) {
    return {
      what: 'mounts by FUSE',
      state: 'optional',
      detail: `cannot be used, and no guest can be changed without them: ${toXenferryError(error).message}`,
      remedy: 'sudo modprobe fuse; in a container, pass /dev/fuse in and allow mounts',
    };
  }
}

async function spaceFinding(target: string): Promise<Finding> {
  return {
    what: `space for ${target}`,
    state: 'ok',
    detail: formatBytes(await freeBytes(target)),
    remedy: '',
  };
}
