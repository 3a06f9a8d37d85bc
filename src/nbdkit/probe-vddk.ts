import { ExecaError, execa } from 'execa';
import { XenferryError } from '../model/errors.js';
import type { VddkSettings } from '../model/live.js';
import { nbdkitEnvironment } from './environment.js';
import { Said } from './said.js';
import { dumpArguments } from './vddk-arguments.js';
import { vddkFailure } from './vddk-failure.js';

const TIME_LIMIT = 30_000;

/**
 * Whether nbdkit can load its plugin for VDDK, and that the library it is given: without asking any server. Resolves
 * with what is there, for people. Rejects with TOOL_MISSING, VDDK_UNUSABLE.
 */
export async function probeVddk(settings: VddkSettings): Promise<string> {
  try {
    const { stdout } = await execa('nbdkit', dumpArguments(settings), {
      env: nbdkitEnvironment(),
      extendEnv: false,
      stdin: 'ignore',
      timeout: TIME_LIMIT,
    });
    const facts = new Map(stdout.split('\n').map((line) => splitFact(line)));
    if (facts.get('name') !== 'vddk')
      throw unusable(`the plugin is "${facts.get('name') ?? 'none'}", not vddk`);
    // The plugin tells that it has none by leaving this line out: where the folder is there but no library in it.
    if (!facts.has('vddk_dll') && !facts.has('vddk_library_version')) {
      throw unusable(`no VDDK was found in ${settings.library}`);
    }
    return `plugin ${facts.get('version') ?? 'of an unknown version'}, VDDK ${facts.get('vddk_library_version') ?? ''}`.trim();
  } catch (error) {
    if (!(error instanceof ExecaError)) throw error;
    if (error.code === 'ENOENT') throw missingNbdkit(error);
    const said = new Said([]);
    said.add(String(error.stderr));
    const { message } = vddkFailure(said.errors, 'nbdkit cannot use VDDK', error);
    throw new XenferryError('VDDK_UNUSABLE', message, { cause: error });
  }
}

export function missingNbdkit(cause: unknown): XenferryError {
  return new XenferryError('TOOL_MISSING', 'nbdkit is not installed', {
    cause,
    hint: 'Install it: sudo apt-get install --no-install-recommends nbdkit nbdkit-plugin-vddk',
  });
}

function unusable(message: string): XenferryError {
  return new XenferryError('VDDK_UNUSABLE', message);
}

function splitFact(line: string): [string, string] {
  const at = line.indexOf('=');
  return [line.slice(0, at), line.slice(at + 1)];
}
