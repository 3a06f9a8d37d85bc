import { access, constants } from 'node:fs/promises';
import { resolve } from 'node:path';
import { installCommand, missingTools } from '../../guests/index.js';
import { freeBytes } from '../../io/free-space.js';
import { formatBytes } from '../../model/format.js';
import { qemuImgVersion } from '../../qemu-img/index.js';
import type { Command } from '../command.js';
import { EXIT } from '../exit-codes.js';
import { type CommonOptions, green, printJson, printLine, red, yellow } from '../output.js';

interface Options extends CommonOptions {
  readonly target: string;
}

interface Finding {
  readonly what: string;
  readonly state: 'ok' | 'missing' | 'optional';
  readonly detail: string;
  /** Command that mends it; empty when nothing is to be done. */
  readonly remedy: string;
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
      .example('$0 doctor --target /srv/xva', 'Tools, versions, space'),
  handler: async ({ target, json }) => {
    const findings = [
      nodeFinding(),
      await qemuFinding(),
      ...(await guestFindings()),
      await spaceFinding(resolve(target)),
    ];
    if (json) printJson({ findings });
    else for (const finding of findings) printFinding(finding);
    process.exitCode = findings.some(({ state }) => state === 'missing') ? EXIT.usage : EXIT.done;
  },
};

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
  return [...(lacking.length === 0 ? [GUEST_TOOLS_FOUND] : lacking), await fuseFinding()];
}

const GUEST_TOOLS_FOUND: Finding = { what: 'guest tools', state: 'ok', detail: 'all found', remedy: '' };

async function fuseFinding(): Promise<Finding> {
  const usable = await access('/dev/fuse', constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
  if (usable) return { what: '/dev/fuse', state: 'ok', detail: 'can be used', remedy: '' };
  return {
    what: '/dev/fuse',
    state: 'optional',
    detail: 'cannot be used; no guest can be changed without it',
    remedy: 'sudo modprobe fuse; in a container, pass the device in and allow mounts',
  };
}

async function spaceFinding(target: string): Promise<Finding> {
  return {
    what: `space for ${target}`,
    state: 'ok',
    detail: formatBytes(await freeBytes(target)),
    remedy: '',
  };
}
