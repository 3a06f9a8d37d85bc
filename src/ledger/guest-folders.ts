import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** Where the layers on machines' disks are: in the target folder, which the output is in too. */
export class GuestFolders {
  readonly #folder: string;
  readonly #prefix: string;

  /** `target`: absolute path. `identity`: of the ledger, for several may work for one target. */
  constructor(target: string, identity: string) {
    this.#folder = join(target, '.xenferry', 'guests');
    this.#prefix = identity.slice(0, 8);
  }

  /** Absolute path of the folder of one run of a job. */
  of(jobId: number, fence: number): string {
    return join(this.#folder, `${this.#nameOf(jobId)}${fence}`);
  }

  /** Absolute paths of those there are of a job. */
  async ofJob(jobId: number): Promise<string[]> {
    return (await this.all()).filter((path) => basename(path).startsWith(this.#nameOf(jobId)));
  }

  /** Absolute paths of all there are. */
  async all(): Promise<string[]> {
    const names = await readdir(this.#folder).catch(() => []);
    return names.map((name) => join(this.#folder, name));
  }

  #nameOf(jobId: number): string {
    return `${this.#prefix}-${jobId}-`;
  }
}
