import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { link, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { MIB } from '../../src/model/units.js';
import { STATUS } from '../support/cli-documents.js';
import { noise } from '../support/disk-maker.js';
import { writeExport } from '../support/export-maker.js';
import { fakeNbd, optionReply } from '../support/fake-nbd.js';
import { visibleFiles } from '../support/file-facts.js';
import { expectEndsAtSigint, hasBytes, whenStarted } from '../support/interrupted.js';
import { sendRange, silentServer, webServer } from '../support/range-server.js';
import { runCli, runJson, startCli, startUnread } from '../support/run-cli.js';
import { tempFiles } from '../support/temp-files.js';
import { buildDescriptor } from '../unit/vmdk-reader/descriptor-builder.js';

const BIG = 384 * MIB;
/** NBD_REP_ERR_UNSUP. */
const UNSUPPORTED = 0x8000_0001;

const { folder } = tempFiles();
const big = join(folder, 'big.raw');

beforeAll(async () => {
  await writeFile(big, noise(1, BIG));
});

function newFolder(): string {
  return mkdtempSync(join(folder, 'case-'));
}

describe.each(['vhd', 'xva'])('Ctrl-C during a conversion to %s', (format) => {
  it('of a big flat file ends it at once and leaves nothing', async () => {
    const at = newFolder();
    const run = startCli(['convert', big, join(at, 'disk.out'), '--format', format]);
    await whenStarted(run, () => hasBytes(join(at, 'disk.out.partial'), MIB));
    await expectEndsAtSigint(run);
    expect(await visibleFiles(at)).toEqual([]);
  });

  it('into a pipe that nobody empties ends it at once', async () => {
    const run = startUnread(['convert', big, '-', '--format', format]);
    await once(run.stdout, 'readable');
    // Long enough for the pipe and all buffers before it to fill.
    await delay(500);
    await expectEndsAtSigint(run);
  });
});

describe('Ctrl-C during a conversion from a web server', () => {
  it('that stops answering in the middle of the disk ends it at once and leaves nothing', async () => {
    const bytes = await readFile(big);
    let silent = 0;
    const { origin } = await webServer((request, response) => {
      const [, first] = /^bytes=(\d+)-/.exec(request.headers.range ?? '') ?? [];
      if (Number(first) < 64 * MIB || Number(first) > BIG - MIB)
        return sendRange(request, response, { bytes });
      silent++;
      const last = Number(first) + 2 * MIB - 1;
      response.writeHead(206, { 'content-range': `bytes ${first}-${last}/${BIG}`, etag: '"1"' });
      response.write(bytes.subarray(0, 1000));
    });
    const at = newFolder();
    const run = startCli(['convert', `${origin}/big.raw`, join(at, 'disk.vhd')]);
    await whenStarted(run, () => silent > 0);
    await expectEndsAtSigint(run);
    expect(await visibleFiles(at)).toEqual([]);
  });

  it('that never answers ends it at once', async () => {
    const { origin, connections } = await silentServer();
    const at = newFolder();
    const run = startCli(['convert', `${origin}/big.raw`, join(at, 'disk.vhd')]);
    await whenStarted(run, () => connections() > 0);
    await expectEndsAtSigint(run);
    expect(await visibleFiles(at)).toEqual([]);
  });
});

describe('Ctrl-C during a conversion from an NBD server', () => {
  it('that never greets ends it at once', async () => {
    const { origin, connections } = await silentServer();
    const at = newFolder();
    const run = startCli(['convert', origin.replace('http', 'nbd'), join(at, 'disk.vhd')]);
    await whenStarted(run, () => connections() > 0);
    await expectEndsAtSigint(run);
    expect(await visibleFiles(at)).toEqual([]);
  });

  it.each([
    ['a read', 0],
    ['the search for holes', 7],
  ])('that never answers %s ends it at once and leaves nothing', async (_, command) => {
    let asked = 0;
    const uri = await fakeNbd({
      option: (option) => (command === 0 && option === 8 ? optionReply(option, UNSUPPORTED) : undefined),
      request: (request) => {
        if (request.command === command) asked++;
        return Buffer.alloc(0);
      },
    });
    const at = newFolder();
    const run = startCli(['convert', uri, join(at, 'disk.vhd')]);
    await whenStarted(run, () => asked > 0);
    await expectEndsAtSigint(run);
    expect(await visibleFiles(at)).toEqual([]);
  });
});

describe('Ctrl-C during a run', () => {
  it('that verifies ends it at once; the next one goes on', async () => {
    const source = join(newFolder(), 'source');
    await writeExport(source, 'big', [{ href: 'big.vmdk', capacityBytes: BIG }]);
    await link(big, join(source, 'big-flat.vmdk'));
    const extents = [`RW ${BIG / 512} VMFS "big-flat.vmdk"`];
    await writeFile(join(source, 'big.vmdk'), buildDescriptor({ createType: 'vmfs', extents }));
    const target = join(newFolder(), 'out');
    const args = ['run', source, '--target', target];
    const run = startCli(args);
    let said = '';
    run.stderr.on('data', (text: Buffer) => {
      said += text;
    });
    await whenStarted(run, () => said.includes('verifying'));
    await expectEndsAtSigint(run);
    expect(await visibleFiles(target)).not.toContain('big.xva');
    const { machines } = await runJson(['status', target], STATUS);
    expect(machines).toMatchObject([{ state: 'cancelled', safeBytes: BIG }]);
    expect((await runCli(args)).exitCode).toBe(0);
    expect(await visibleFiles(target)).toContain('big.xva');
  });

  it('that unpacks a disk ends it at once and leaves no unpacked file', async () => {
    const source = join(newFolder(), 'source');
    const packing = 'ovf:compression="gzip"';
    await writeExport(source, 'big', [{ href: 'big.vmdk.gz', capacityBytes: BIG, packing }]);
    await writeFile(join(source, 'big.vmdk.gz'), gzipSync(await readFile(big), { level: 0 }));
    const target = join(newFolder(), 'out');
    const run = startCli(['run', source, '--target', target]);
    await whenStarted(run, () => hasBytes(join(target, 'big.xva.partial.disk0'), MIB));
    await expectEndsAtSigint(run);
    const left = (await visibleFiles(target)).filter((name) => !name.startsWith('report.'));
    expect(left).toEqual(['big.xva.partial']);
  });
});
