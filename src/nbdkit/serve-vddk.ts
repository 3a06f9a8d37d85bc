import { readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ExecaError, execa } from 'execa';
import { checkSocketPath } from '../io/socket-path.js';
import { XenferryError } from '../model/errors.js';
import type { VddkSettings } from '../model/live.js';
import { nbdkitEnvironment } from './environment.js';
import { missingNbdkit } from './probe-vddk.js';
import { Said } from './said.js';
import { vddkArguments } from './vddk-arguments.js';
import type { VddkDisk } from './vddk-disk.js';
import { vddkFailure } from './vddk-failure.js';

/** Milliseconds until it listens: VDDK loads a great many libraries first. */
const START_LIMIT = 60_000;
const PAUSE = 20;
/** Milliseconds it gets to take leave of the server. */
const STOP_LIMIT = 10_000;

/** A disk of VMware's as an NBD export on this machine. */
export interface VddkServer {
  /** `nbd+unix:///?socket=...`. */
  readonly uri: string;
  /** What it has said of errors so far. */
  readonly errors: readonly string[];
  /** Ends it and waits for that; harmless when called twice. */
  stop(): Promise<void>;
}

interface Served {
  readonly disk: VddkDisk;
  readonly settings: VddkSettings;
  readonly password: string;
  /** Path of a Unix socket that is not there yet, in a folder that nobody else may enter. */
  readonly socket: string;
  readonly signal: AbortSignal;
}

/**
 * Has nbdkit serve a disk through VDDK, until it is stopped or this process ends, however it does. Whether the server
 * lets us in shows when somebody connects. Rejects with TOOL_MISSING, VDDK_UNUSABLE, CONFIG_INVALID, SOURCE_UNREADABLE,
 * CANCELED.
 */
export async function serveVddk({ disk, settings, password, socket, signal }: Served): Promise<VddkServer> {
  checkSocketPath(socket);
  const said = new Said([password]);
  const child = execa('nbdkit', vddkArguments(disk, settings, { socket, pidFile: pidFileOf(socket) }), {
    env: nbdkitEnvironment(),
    extendEnv: false,
    // PASSWORD_DESCRIPTOR is the last of them.
    stdio: ['ignore', 'ignore', 'pipe', new TextEncoder().encode(`${password}\n`)],
    buffer: false,
    encoding: 'utf8',
    // A Ctrl-C at the terminal must reach us alone, who end things in the right order.
    detached: true,
    cleanup: false,
    reject: false,
    forceKillAfterDelay: STOP_LIMIT,
  });
  child.stderr.setEncoding('utf8').on('data', (piece: string) => said.add(piece));
  let over = false;
  const end = child.finally(() => {
    over = true;
  });
  const stop = async () => {
    if (!over) child.kill('SIGTERM');
    await end;
    // nbdkit leaves both where they are.
    for (const left of [socket, pidFileOf(socket)]) await rm(left, { force: true });
  };
  try {
    for (const began = Date.now(); !(await isReady(socket)); await sleep(PAUSE)) {
      if (over) throw startFailure(await end, said, disk);
      if (signal.aborted) throw new XenferryError('CANCELED', 'nbdkit was stopped');
      if (Date.now() - began > START_LIMIT)
        throw vddkFailure(said.errors, `${disk.file}: nbdkit does not listen`);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    uri: `nbd+unix:///?socket=${encodeURIComponent(socket)}`,
    get errors() {
      return said.errors;
    },
    stop,
  };
}

function pidFileOf(socket: string): string {
  return `${socket}.pid`;
}

/** nbdkit writes its number when it takes connections (nbdkit(1), --pidfile). */
async function isReady(socket: string): Promise<boolean> {
  return (await readFile(pidFileOf(socket), 'utf8').catch(() => '')) !== '';
}

function startFailure(result: unknown, said: Said, { file }: VddkDisk): XenferryError {
  if (result instanceof ExecaError && result.code === 'ENOENT') return missingNbdkit(result);
  return vddkFailure(said.errors, `${file} is not served`, result);
}
