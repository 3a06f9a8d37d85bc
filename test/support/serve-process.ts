import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** `xenferry serve` in a process of its own: its times are not those of its clients. */
export interface ServeProcess {
  readonly url: string;
  readonly headers: { readonly authorization: string };
  /** What it has cost so far. */
  readonly cost: () => Promise<ServeCost>;
  readonly stop: () => Promise<void>;
}

export interface ServeCost {
  readonly cpuSeconds: number;
  readonly residentMiB: number;
  /** How late its event loop was since the last question, of a hundred times the worst, in milliseconds. */
  readonly loopDelayP99: number;
}

/** `program`: path of the bundled command. */
export async function startServe(program: string, home: string): Promise<ServeProcess> {
  const args = [program, 'serve', '--home', home, '--listen', '127.0.0.1:0'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  const url = await firstUrl(createInterface(child.stderr));
  child.stderr.resume();
  const token = (await readFile(join(home, 'admin-token'), 'utf8')).trim();
  const headers = { authorization: `Bearer ${token}` };
  return {
    url,
    headers,
    cost: async () => {
      const text = await (await fetch(`${url}/metrics`, { headers })).text();
      const value = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
      return {
        cpuSeconds: value('process_cpu_seconds_total'),
        residentMiB: value('process_resident_memory_bytes') / 2 ** 20,
        loopDelayP99: value('nodejs_eventloop_lag_p99_seconds') * 1000,
      };
    },
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function firstUrl(lines: AsyncIterable<string>): Promise<string> {
  for await (const line of lines) {
    const url = /"url":"([^"]+)"/.exec(line)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error('the service did not start');
}
