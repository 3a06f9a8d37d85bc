import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ExecaError, execa } from 'execa';
import { XenferryError } from '../../model/errors.js';
import { missingTool, toolEnvironment } from '../tools/run-tool.js';

/** A process that serves until it is ended. */
export interface Daemon {
  /** Ends it and waits until it has written everything; harmless when called twice. Rejects with TOOL_FAILED. */
  stop(): Promise<void>;
  /** Waits until it ends by itself, as FUSE processes do when they are unmounted. Rejects with TOOL_FAILED. */
  ended(): Promise<void>;
}

const START_LIMIT = 30_000;
/** Time it gets to write what it holds. */
const STOP_LIMIT = 60_000;
const PAUSE = 10;

/**
 * Starts a daemon in the foreground and waits until `ready` tells that it serves. What it says goes to `files` with
 * `.log` added, its process id to `files` with `.pid`, for whoever cleans up after a killed run. It has a process group of its own: a
 * Ctrl-C at the terminal must reach us alone, who end things in the right order. Rejects with TOOL_MISSING,
 * TOOL_FAILED, CANCELED.
 */
export async function startDaemon(
  program: string,
  args: readonly string[],
  files: string,
  ready: () => Promise<boolean>,
  signal?: AbortSignal,
): Promise<Daemon> {
  const log = { file: `${files}.log` };
  const child = execa(program, args, {
    env: toolEnvironment(),
    stdin: 'ignore',
    stdout: log,
    stderr: log,
    buffer: false,
    detached: true,
    cleanup: false,
    reject: false,
    forceKillAfterDelay: STOP_LIMIT,
  });
  if (child.pid !== undefined) await writeFile(`${files}.pid`, String(child.pid));
  let over = false;
  const end = child.then((result) => {
    over = true;
    return result;
  });
  const ended = async () => {
    const { exitCode } = await end;
    if (exitCode !== 0) throw new XenferryError('TOOL_FAILED', `${program} did not end well`);
  };
  try {
    for (let waited = 0; !(await ready()); waited += PAUSE) {
      if (over) throw await startFailure(program, await end, files);
      if (signal?.aborted) throw new XenferryError('CANCELED', `${program} was stopped`);
      if (waited > START_LIMIT) throw new XenferryError('TOOL_FAILED', `${program} does not get ready`);
      await sleep(PAUSE);
    }
  } catch (error) {
    child.kill('SIGTERM');
    await end;
    throw error;
  }
  return {
    ended,
    stop: async () => {
      child.kill('SIGTERM');
      await ended();
    },
  };
}

async function startFailure(program: string, result: unknown, files: string): Promise<XenferryError> {
  if (result instanceof ExecaError) {
    if (result.code === 'ENOENT') return missingTool(program, result);
    const said = (await readFile(`${files}.log`, 'utf8')).trim().slice(-500) || result.shortMessage;
    return new XenferryError('TOOL_FAILED', `${program}: ${said}`, { cause: result });
  }
  return new XenferryError('TOOL_FAILED', `${program} ended before it was ready`);
}
