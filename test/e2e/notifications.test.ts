import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { MIB } from '../../src/model/units.js';
import { writeBigEstate } from '../support/big-estate.js';
import { runCli } from '../support/run-cli.js';
import { tempFiles } from '../support/temp-files.js';

const { folder } = tempFiles();
const source = join(folder, 'source');
const received: { event: string; text: string }[] = [];
const server = createServer((request, response) => {
  void json(request).then((body) => {
    received.push(body as (typeof received)[number]);
    response.writeHead(204).end();
  });
});

beforeAll(async () => {
  await mkdir(source);
  await writeBigEstate(source, [
    { name: 'alpha', disks: [8 * MIB] },
    { name: 'beta', disks: [8 * MIB] },
  ]);
  await truncate(join(source, 'beta', 'beta-disk1.vmdk'), MIB);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
});

afterAll(() => server.close());

it('a run tells what its migration file wants told', async () => {
  const { port } = server.address() as AddressInfo;
  const file = join(folder, 'estate.yaml');
  const migration = {
    version: 1,
    sources: [{ path: source }],
    target: { folder: join(folder, 'out') },
    fixups: 'off',
    notifications: [
      {
        webhook: { url: `http://127.0.0.1:${port}/hook` },
        on: ['batch-started', 'machine-failed', 'batch-ended', 'summary'],
      },
    ],
  };
  await writeFile(file, stringify(migration));
  const { exitCode, stderr } = await runCli(['run', '-m', file]);
  expect(exitCode, stderr).toBe(4);
  expect(received.map(({ event }) => event).sort()).toEqual([
    'batch-ended',
    'batch-started',
    'machine-failed',
    'summary',
  ]);
  const summary = JSON.stringify(received.find(({ event }) => event === 'summary'));
  expect(summary).toContain('"done":1');
  expect(summary).toContain('"failed":1');
  expect(JSON.stringify(received)).toContain('beta');
});
