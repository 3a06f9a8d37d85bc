import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { listen } from './range-server.js';

/** `qemu-nbd` for an image on a unix socket until the test ends; the URI of its only export. */
export async function qemuNbd(image: string, format: string, socket: string): Promise<string> {
  const options = ['--read-only', '--persistent', '--shared=0', `--socket=${socket}`, `--format=${format}`];
  const ready = `${socket}.pid`;
  await startServer('qemu-nbd', [...options, `--pid-file=${ready}`, '--export-name=disk', image], ready);
  return `nbd+unix:///disk?socket=${socket}`;
}

/** `nbdkit` with these options, a plugin and its parameters on a unix socket until the test ends; the URI. */
export async function nbdkit(options: readonly string[], socket: string): Promise<string> {
  const ready = `${socket}.pid`;
  const serve = ['--foreground', '--readonly', `--unix=${socket}`, `--pidfile=${ready}`];
  await startServer('nbdkit', [...serve, ...options], ready);
  return `nbd+unix:///?socket=${socket}`;
}

/** The export of a socket over TCP, in pieces of odd sizes. */
export async function overTcp(socket: string, exportName: string): Promise<string> {
  const proxy = createServer((client) => {
    const server = connect({ path: socket });
    client.on('error', () => server.destroy()).pipe(server);
    server.on('error', () => client.destroy()).on('end', () => client.end());
    server.on('data', (chunk: Buffer) => {
      for (let at = 0, size = 1; at < chunk.length; at += size, size = (size * 3) % 10_007) {
        client.write(chunk.subarray(at, at + size));
      }
    });
  });
  const port = await listen(proxy);
  onTestFinished(() => {
    proxy.close();
  });
  return `nbd://127.0.0.1:${port}/${exportName}`;
}

/** Waits for the file that the server makes when it listens. */
async function startServer(command: string, options: readonly string[], ready: string): Promise<void> {
  const server = spawn(command, options, { stdio: ['ignore', 'ignore', 'pipe'] });
  const said: string[] = [];
  server.stderr.on('data', (chunk) => said.push(String(chunk)));
  onTestFinished(() => end(server));
  while (!existsSync(ready)) {
    if (server.exitCode !== null) throw new Error(`${command} has ended: ${said.join('')}`);
    await delay(5);
  }
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  server.kill();
  await once(server, 'exit');
}
