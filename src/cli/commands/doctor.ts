import { resolve } from 'node:path';
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
    const findings = [nodeFinding(), await qemuFinding(), await spaceFinding(resolve(target))];
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

async function spaceFinding(target: string): Promise<Finding> {
  return {
    what: `space for ${target}`,
    state: 'ok',
    detail: formatBytes(await freeBytes(target)),
    remedy: '',
  };
}
