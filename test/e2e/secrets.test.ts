import { mkdtempSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { MIB } from '../../src/model/units.js';
import { commandsOfChildren } from '../support/child-processes.js';
import { makeMixedRaw, makeVmdk } from '../support/disk-maker.js';
import { expectGoodXva } from '../support/oracles.js';
import { deadOrigin, sendRange, statusOnly, webServer } from '../support/range-server.js';
import { runCli, runCliInto, startCli } from '../support/run-cli.js';
import { tempFiles } from '../support/temp-files.js';

const PASSWORD = 'pa55w0rd';
const SIGNATURE = 's1gnature';

const { folder } = tempFiles();
let disk: Buffer;

beforeAll(async () => {
  const raw = join(folder, 'disk.raw');
  await makeMixedRaw(raw, 32 * MIB);
  await makeVmdk(raw, `${raw}.vmdk`, 'monolithicSparse');
  disk = await readFile(`${raw}.vmdk`);
});

/** The address of a disk with everything in it that nobody else may see. */
function secretUrl(origin: string): string {
  return `${origin.replace('//', `//user:${PASSWORD}@`)}/disks/disk.vmdk?X-Signature=${SIGNATURE}`;
}

function newOutput(name: string): string {
  return join(mkdtempSync(join(folder, 'case-')), name);
}

function expectNoSecrets(text: string): void {
  expect(text).not.toContain(PASSWORD);
  expect(text).not.toContain(SIGNATURE);
  expect(text).not.toContain(Buffer.from(`user:${PASSWORD}`).toString('base64').replace(/=+$/, ''));
}

/** Converts in every way that says something, and returns all that was said. */
async function allThatIsSaid(url: string): Promise<string> {
  const said: string[] = [];
  for (const options of [[], ['--json', '--verbose']]) {
    const { stdout, stderr } = await runCli(['convert', url, newOutput('disk.vhd'), ...options]);
    said.push(stdout, stderr);
  }
  return said.join('\n');
}

function serving(bytes: () => Buffer): RequestListener {
  return (request, response) => sendRange(request, response, { bytes: bytes() });
}

const sound = serving(() => disk);

/** Every answer is of another version of the file. */
function changing(): RequestListener {
  let answers = 0;
  return (request, response) => sendRange(request, response, { bytes: disk, etag: `"${answers++}"` });
}

describe('the password and the query of an address', () => {
  it.each<[what: string, code: string, answer: () => RequestListener]>([
    ['succeeds', 'disk.vhd', () => sound],
    ['is refused with 401', 'SOURCE_UNAUTHORIZED', () => statusOnly(401)],
    ['is refused with 403', 'SOURCE_UNAUTHORIZED', () => statusOnly(403)],
    ['finds nothing', 'SOURCE_NOT_FOUND', () => statusOnly(404)],
    ['meets a server without ranges', 'HTTP_NO_RANGES', () => statusOnly(200)],
    ['meets a file that changes', 'SOURCE_CHANGED', changing],
    ['meets a file that is no disk', 'VMDK_BAD_MAGIC', () => serving(() => Buffer.alloc(4096, 'x'))],
    ['meets a damaged disk', 'VMDK_', () => serving(() => disk.subarray(0, 100_000))],
  ])('are told nowhere when the conversion %s', async (_, code, answer) => {
    const { origin } = await webServer(answer());
    const said = await allThatIsSaid(secretUrl(origin));
    expect(said).toContain(code);
    expectNoSecrets(said);
  });

  it('are told nowhere when no server is there', async () => {
    const said = await allThatIsSaid(secretUrl(await deadOrigin()));
    expect(said).toContain('SOURCE_UNREADABLE');
    expectNoSecrets(said);
  });

  it.each([
    `ftp://user:${PASSWORD}@host/disk.vmdk?${SIGNATURE}`,
    `nbds://user:${PASSWORD}@host/${SIGNATURE}`,
    `nbd://user:${PASSWORD}@host/${SIGNATURE}`,
    `http://user:${PASSWORD}@host:port/disk.vmdk?${SIGNATURE}`,
  ])('are told nowhere when the address is not one of ours: %s', async (url) => {
    const said = await allThatIsSaid(url);
    expect(said).toContain('CONFIG_INVALID');
    expectNoSecrets(said);
  });

  it('are in no output, which is the same for another signature', async () => {
    const { origin } = await webServer(sound);
    const url = secretUrl(origin);
    for (const format of ['xva', 'vhd']) {
      const [one, two] = [newOutput('disk'), newOutput('disk')];
      await runCliInto(one, ['convert', url, '-', '--format', format]);
      await runCliInto(two, ['convert', url.replace(SIGNATURE, 'another'), '-', '--format', format]);
      const bytes = await readFile(one);
      expectNoSecrets(bytes.toString('latin1'));
      expect(bytes.equals(await readFile(two))).toBe(true);
    }
    const xva = newOutput('machine.xva');
    await runCli(['convert', url, xva]);
    const { objects } = await expectGoodXva(xva);
    expect(objects.find((object) => object.class === 'VM')?.snapshot.name_label).toBe('disk');
  });

  it('are in the arguments of no other process', async () => {
    const { origin } = await webServer(sound);
    const run = startCli(['convert', secretUrl(origin), newOutput('disk.vhd')]);
    const seen = new Set<string>();
    while (run.exitCode === null) {
      for (const line of await commandsOfChildren(run.pid)) seen.add(line);
    }
    await run;
    expectNoSecrets([...seen].join('\n'));
  });
});
