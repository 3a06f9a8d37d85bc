import { ExecaError, execa } from 'execa';
import { XenferryError } from '../../model/errors.js';
import { MIB } from '../../model/units.js';
import { GUEST_TOOLS, installCommand, toolPath } from './guest-tools.js';

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  readonly input?: Buffer;
  /** Exit codes besides 0 that are no failure. */
  readonly alsoGood?: readonly number[];
  /** Bytes of output above which the program is stopped. */
  readonly maxOutput?: number;
  readonly env?: Readonly<Record<string, string>>;
}

export interface ToolResult {
  readonly exitCode: number;
  readonly stdout: Buffer;
}

const TIME_LIMIT = 120_000;
const MAX_OUTPUT = 16 * MIB;

/** Environment of every tool: English messages, no settings of the user that change what it does. */
export function toolEnvironment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { LC_ALL: 'C.UTF-8', PATH: toolPath(), MTOOLSRC: '/dev/null', ...more };
}

/**
 * Runs a program without a shell, for two minutes at most. Rejects with TOOL_MISSING, TOOL_FAILED (also for too much
 * output or time), CANCELED.
 */
export async function runTool(
  program: string,
  args: readonly string[],
  { signal, input, alsoGood = [], maxOutput = MAX_OUTPUT, env = {} }: RunOptions = {},
): Promise<ToolResult> {
  try {
    const { stdout } = await execa(program, args, {
      encoding: 'buffer',
      stripFinalNewline: false,
      env: toolEnvironment(env),
      timeout: TIME_LIMIT,
      maxBuffer: maxOutput,
      forceKillAfterDelay: 2_000,
      ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
      ...(signal === undefined ? {} : { cancelSignal: signal }),
    });
    return { exitCode: 0, stdout: Buffer.from(stdout) };
  } catch (error) {
    if (!(error instanceof ExecaError)) throw error;
    if (error.isCanceled) throw new XenferryError('CANCELED', `${program} was stopped`, { cause: error });
    if (error.exitCode !== undefined && !error.isMaxBuffer && alsoGood.includes(error.exitCode)) {
      return { exitCode: error.exitCode, stdout: outputOf(error.stdout) };
    }
    if (error.code === 'ENOENT') throw missingTool(program, error);
    const said = outputOf(error.stderr).toString().trim();
    const detail = error.timedOut ? 'it took more than two minutes' : said || error.shortMessage;
    throw new XenferryError('TOOL_FAILED', `${program}: ${shownOutput(detail)}`, { cause: error });
  }
}

export function missingTool(program: string, cause: unknown): XenferryError {
  const tool = GUEST_TOOLS.find((known) => known.program === program);
  const hint = tool === undefined ? undefined : `Install it: ${installCommand([tool.debianPackage])}`;
  return new XenferryError('TOOL_MISSING', `${program} is not installed`, { cause, hint });
}

function outputOf(output: unknown): Buffer {
  return output instanceof Uint8Array ? Buffer.from(output) : Buffer.alloc(0);
}

/** Text of a tool for one line of a message: it may repeat names of the guest's. */
export function shownOutput(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not reach a terminal
  return text.slice(0, 500).replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}
