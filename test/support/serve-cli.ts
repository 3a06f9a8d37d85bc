import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startCli } from './run-cli.js';

/** `xenferry serve` as a user starts it, listening. */
export interface ServeCli {
  readonly process: ReturnType<typeof startCli>;
  readonly url: string;
  /** The first admin's. */
  readonly token: string;
}

/** Starts it on a free port of 127.0.0.1; `more`: further options. */
export async function startServeCli(home: string, more: readonly string[] = []): Promise<ServeCli> {
  const process = startCli(['serve', '--home', home, '--listen', '127.0.0.1:0', ...more]);
  const url = await new Promise<string>((resolve, reject) => {
    process.stderr.on('data', (chunk: Buffer) => {
      const [, found] = /listening on (https?:\S+?);/.exec(String(chunk)) ?? [];
      if (found !== undefined) resolve(found);
    });
    void process.then(({ stderr }) => reject(new Error(stderr)));
  });
  const token = (await readFile(join(home, 'admin-token'), 'utf8')).trim();
  return { process, url, token };
}
