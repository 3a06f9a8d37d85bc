import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { XenferryError } from '../../../model/errors.js';
import { shownOutput } from '../../tools/run-tool.js';
import type { NbdExport } from '../storage-daemon.js';
import { CommandFailure, type Guestfish } from './guestfish.js';

/** Half a minute is usual without hardware help; a busy machine that builds its first appliance takes several. */
const START_LIMIT = 420_000;

/** libguestfs' small machine with the guest's disks. */
export class Appliance {
  readonly guestfish: Guestfish;
  #files = 0;

  constructor(guestfish: Guestfish) {
    this.guestfish = guestfish;
  }

  /** Starts it; `memory` in MiB. Rejects with TOOL_MISSING, TOOL_FAILED, CANCELED. */
  async start(disks: readonly NbdExport[], memory: number): Promise<void> {
    await this.must('set-memsize', [String(memory)]);
    for (const { socket, exportName } of disks) {
      await this.must('add', [exportName, 'format:raw', 'protocol:nbd', `server:unix:${socket}`]);
    }
    await this.must('run', [], START_LIMIT);
  }

  /** Runs a command that fails for no fault of the guest's. Rejects with TOOL_FAILED and as `Guestfish.run` does. */
  async must(command: string, args: readonly string[] = [], limit?: number): Promise<Buffer> {
    try {
      return await this.guestfish.run(command, args, limit === undefined ? {} : { limit });
    } catch (error) {
      if (!(error instanceof CommandFailure)) throw error;
      throw new XenferryError('TOOL_FAILED', `guestfish: ${shownOutput(error.message)}`, { cause: error });
    }
  }

  /** Lines that a command prints; for names that hold no line feed. */
  async lines(command: string, args: readonly string[] = []): Promise<string[]> {
    return (await this.must(command, args))
      .toString()
      .split('\n')
      .filter((line) => line !== '');
  }

  /** Gives `use` the path of a file of this machine that does not exist yet; it is removed in the end. */
  async throughFile<T>(use: (path: string) => Promise<T>): Promise<T> {
    this.#files += 1;
    const path = join(this.guestfish.folder, `transfer${this.#files}`);
    try {
      return await use(path);
    } finally {
      await rm(path, { force: true });
    }
  }

  /** Writes everything to the disks and ends it. Rejects with TOOL_FAILED: the overlays must not be used then. */
  async stop(): Promise<void> {
    try {
      await this.must('umount-all');
      await this.must('sync');
      await this.must('shutdown');
      await this.guestfish.end();
    } finally {
      await this.guestfish.kill();
    }
  }
}
