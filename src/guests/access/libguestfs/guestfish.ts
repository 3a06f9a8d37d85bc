import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { execa } from 'execa';
import { XenferryError } from '../../../model/errors.js';
import { MIB } from '../../../model/units.js';
import { missingTool, shownOutput, toolEnvironment } from '../../tools/run-tool.js';
import { Output } from './output.js';

export interface GuestfishOptions {
  /** Absolute path of a folder that is made for its sockets and scratch files, and goes with it. */
  readonly folder: string;
  /** `force_tcg` or `force_kvm`. */
  readonly backendSettings: string;
  readonly signal?: AbortSignal | undefined;
}

export interface CommandOptions {
  /** Milliseconds; what takes longer ends the session. */
  readonly limit?: number;
  /** A line the command asks for; it shows up nowhere. */
  readonly secret?: string;
}

/** What a command said when it failed; the session goes on. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
}

const COMMAND_LIMIT = 120_000;
/** Bytes. guestfish reads 8191 at a time, and would take the rest of a longer line for another command. */
const MAX_LINE = 8000;
const MAX_OUTPUT = 16 * MIB;
const MAX_COMPLAINT = MIB;

type Running = ReturnType<typeof startProcess>;

interface Pending {
  readonly mark: string;
  readonly resolve: (answer: { stdout: Buffer; stderr: string }) => void;
  readonly reject: (error: XenferryError) => void;
}

/** The longest path of a Unix socket that Linux takes (unix(7)), less what libguestfs adds to its folder. */
const MAX_FOLDER = 107 - '/libguestfsXXXXXX/guestfsd.sock'.length;

/** Rejects with CONFIG_INVALID when the folder's path is too long for sockets; what else goes wrong, its commands tell. */
export async function startGuestfish(options: GuestfishOptions): Promise<Guestfish> {
  if (Buffer.byteLength(options.folder) > MAX_FOLDER) {
    throw new XenferryError('CONFIG_INVALID', 'the path of the work folder is too long for a socket in it', {
      file: options.folder,
      hint: 'Use a work folder with a shorter path.',
    });
  }
  await rm(options.folder, { recursive: true, force: true });
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  return new Guestfish(options);
}

/**
 * A `guestfish` that reads commands from a pipe, one after the other. Each is followed by a mark that no guest can
 * know: one it prints, one it complains of, so that output and errors of every command are told apart. A command that
 * fails does not end the session. The whole process group is killed when a time limit passes or the signal comes; when
 * we die, the end of the pipe ends it.
 */
export class Guestfish {
  /** Of its scratch files. */
  readonly folder: string;
  readonly #child: Running;
  readonly #signal: AbortSignal | undefined;
  readonly #secret = randomBytes(16).toString('hex');
  readonly #stdout = new Output(MAX_OUTPUT);
  readonly #stderr = new Output(MAX_COMPLAINT);
  readonly #over: Promise<void>;
  #commands = 0;
  #pending: Pending | null = null;
  #last: Promise<unknown> = Promise.resolve();
  #dead: XenferryError | null = null;

  constructor({ folder, backendSettings, signal }: GuestfishOptions) {
    this.folder = folder;
    this.#signal = signal;
    this.#child = startProcess(folder, backendSettings);
    // What was written to a process that is gone is told by its end.
    this.#child.stdin.on('error', () => {});
    this.#child.stdout.on('data', (bytes: Buffer) => this.#took(this.#stdout, bytes));
    this.#child.stderr.on('data', (bytes: Buffer) => this.#took(this.#stderr, bytes));
    this.#over = this.#child.then(async (result) => {
      const { code, shortMessage } = result;
      this.#die(
        code === 'ENOENT'
          ? missingTool('guestfish', result)
          : failed(shownOutput(this.#stderr.take().toString()) || (shortMessage ?? 'it ended')),
      );
      // What stays goes when the folder is used again.
      await rm(folder, { recursive: true, force: true }).catch(() => {});
    });
    signal?.addEventListener('abort', this.#abort, { once: true });
    if (signal?.aborted) this.#abort();
  }

  /**
   * Runs a command once those before it are over, for two minutes at most. Gives what it printed. Rejects with
   * `CommandFailure` when it fails; TOOL_MISSING, TOOL_FAILED, CANCELED when the session is over.
   */
  async run(command: string, args: readonly string[] = [], options: CommandOptions = {}): Promise<Buffer> {
    const line = [command, ...args.map(quoted)].join(' ');
    if (Buffer.byteLength(line) > MAX_LINE) throw new CommandFailure('the names in it are too long');
    const turn = this.#last.then(() => this.#ask(line, options));
    this.#last = turn.catch(() => {});
    const { stdout, stderr } = await turn;
    const complaint = complaintIn(stderr);
    if (complaint !== null) throw new CommandFailure(complaint);
    return stdout;
  }

  /** Ends it in order; rejects with TOOL_FAILED when it does not end well, or was not well before. */
  async end(): Promise<void> {
    const timer = setTimeout(() => this.#die(failed('it does not end')), COMMAND_LIMIT);
    await this.#last;
    this.#child.stdin.end();
    const { exitCode } = await this.#child;
    clearTimeout(timer);
    await this.#over;
    if (exitCode !== 0) throw this.#dead ?? failed('it did not end well');
  }

  /** Ends it at once, with all it started; returns when it is gone. */
  async kill(): Promise<void> {
    this.#die(failed('it was stopped'));
    await this.#over;
  }

  async #ask(line: string, { limit = COMMAND_LIMIT, secret }: CommandOptions) {
    if (this.#dead !== null) throw this.#dead;
    this.#commands += 1;
    const mark = `mark-${this.#secret}-${this.#commands}`;
    const timer = setTimeout(() => this.#die(failed(`it took more than ${limit / 1000} seconds`)), limit);
    try {
      return await new Promise<{ stdout: Buffer; stderr: string }>((resolve, reject) => {
        this.#pending = { mark, resolve, reject };
        const lines = [`-${line}`, ...(secret === undefined ? [] : [secret]), `-echo ${mark}`, `-${mark}`];
        this.#child.stdin.write(`${lines.join('\n')}\n`);
      });
    } finally {
      clearTimeout(timer);
      this.#pending = null;
    }
  }

  /** Nothing follows the marks until the next command is sent. */
  #took(output: Output, bytes: Buffer): void {
    if (!output.add(bytes)) this.#die(failed('it says too much'));
    if (this.#pending === null) return;
    const { mark, resolve } = this.#pending;
    const echo = `${mark}\n`;
    const complaint = `${mark}: unknown command\n`;
    if (!this.#stdout.endsWith(echo) || !this.#stderr.endsWith(complaint)) return;
    const stdout = this.#stdout.take();
    const stderr = this.#stderr.take();
    resolve({
      stdout: stdout.subarray(0, stdout.length - echo.length),
      stderr: stderr.toString('utf8', 0, stderr.length - complaint.length),
    });
  }

  readonly #abort = (): void => this.#die(new XenferryError('CANCELED', 'guestfish was stopped'));

  #die(error: XenferryError): void {
    if (this.#dead !== null) return;
    this.#dead = error;
    this.#signal?.removeEventListener('abort', this.#abort);
    killGroup(this.#child.pid);
    this.#pending?.reject(error);
  }
}

function startProcess(folder: string, backendSettings: string) {
  return execa('guestfish', ['--keys-from-stdin'], {
    env: toolEnvironment({
      LIBGUESTFS_BACKEND: 'direct',
      LIBGUESTFS_BACKEND_SETTINGS: backendSettings,
      LIBGUESTFS_TMPDIR: folder,
      LIBGUESTFS_DEBUG: '0',
      LIBGUESTFS_TRACE: '0',
      XDG_RUNTIME_DIR: folder,
    }),
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    buffer: false,
    encoding: 'buffer',
    reject: false,
    // A group of its own: QEMU is in it, and a Ctrl-C at the terminal must not reach it before us.
    detached: true,
    cleanup: false,
  });
}

/** As guestfish reads it: in double quotes, with what would end a line or the quotes escaped. */
export function quoted(text: string): string {
  if (text.includes('\0')) throw new CommandFailure('a name holds a zero byte');
  const escaped = text.replaceAll(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a guest's names may hold them
    /["\\\u0001-\u001f\u007f]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return `"${escaped}"`;
}

/** What a command complained of, without the place in the input; null when there were warnings alone. */
export function complaintIn(stderr: string): string | null {
  const isHarmless = (line: string) =>
    line.trim() === '' || /^(?:\S+: )?(?:libguestfs|supermin): warning:/.test(line);
  const lines = stderr.split('\n').filter((line) => !isHarmless(line));
  if (lines.length === 0) return null;
  return lines
    .join('\n')
    .replace(/^\*stdin\*:\d+: /, '')
    .replace(/^libguestfs: error: /, '');
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It is gone.
  }
}

function failed(reason: string): XenferryError {
  return new XenferryError('TOOL_FAILED', `guestfish: ${reason}`);
}
