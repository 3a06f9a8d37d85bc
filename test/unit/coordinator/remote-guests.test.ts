import { readFileSync } from 'node:fs';
import { access, mkdtemp, open, readdir, stat } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { fixMachine, type GuestOutcome, mendedDisks } from '../../../src/coordinator/fix-machine.js';
import { createReadTools, readDisk } from '../../../src/disk-image/index.js';
import { type GuestRecord, undoGuest } from '../../../src/guests/index.js';
import { loadProfiles } from '../../../src/guests/profiles/index.js';
import { fileImage, type ImageSource, openImage } from '../../../src/images/index.js';
import type { PlannedMachine } from '../../../src/model/plan.js';
import { MIB } from '../../../src/model/units.js';
import { WorkerThreadsPool } from '../../../src/worker-threads-pool/index.js';
import { failureOf } from '../../support/failure.js';
import { canMount, mountsIn, tool } from '../../support/guest-disks.js';
import { testMachine, testNic, testPlanned } from '../../support/machines.js';
import { serveFiles, webServer } from '../../support/range-server.js';
import { tempFiles } from '../../support/temp-files.js';

const { folder } = tempFiles();
const WEB = fileURLToPath(new URL('../../../samples/estate/web01/web01-disk1.vmdk', import.meta.url));
const MEANS = { tools: null, luksKeys: [], isolate: false };
const pool = new WorkerThreadsPool(1);
const profiles = await loadProfiles();

beforeAll(() => {
  vi.stubEnv('TMPDIR', folder);
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await pool.close();
});

/** A machine with the disk of web01; what is wrong with its guest alone would be got over. */
function planned(): PlannedMachine {
  const machine = testMachine({ nics: [testNic()] });
  const profile = { id: 'debian-12', title: 'Debian 12', limits: [] };
  return testPlanned(machine, { profile, fixups: 'attempted' });
}

async function fix(
  disk: ImageSource,
  into: string,
  signal = new AbortController().signal,
): Promise<GuestOutcome> {
  return await fixMachine({ planned: planned(), profiles, guests: MEANS, folder: into, pool, signal }, [
    disk,
  ]);
}

async function servedWeb(answer: RequestListener): Promise<ImageSource> {
  const { origin } = await webServer(answer);
  return { format: 'vmdk', location: { kind: 'http', url: `${origin}/web01-disk1.vmdk` } };
}

function sampleServer(): RequestListener {
  return serveFiles(new Map([['web01-disk1.vmdk', readFileSync(WEB)]]));
}

const isMountedBelow = (path: string) => readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${path}/`);

function recordOf(outcome: GuestOutcome): GuestRecord {
  if (outcome.kind !== 'mended') throw new Error(JSON.stringify(outcome));
  return outcome.record;
}

/** The whole disk with its changes, as a raw file. */
async function rawOf(source: ImageSource, path: string): Promise<string> {
  const image = await openImage(source);
  const file = await open(path, 'w');
  const block = Buffer.alloc(2 * MIB);
  for (let offset = 0; offset < image.byteLength; offset += block.length) {
    await readDisk(image, block, offset, block.length, createReadTools());
    await file.write(block, 0, block.length, offset);
  }
  await file.close();
  image.close();
  return path;
}

const sockets = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('xenferry-nbd-'));

describe.skipIf(!canMount)('a guest whose disk is not on this machine', () => {
  it('gets the same changes as one that is, on a layer over the disk where it lies', async () => {
    const own = await mkdtemp(join(folder, 'same-'));
    const local = recordOf(await fix(fileImage('vmdk', WEB, (await stat(WEB)).size), join(own, 'local')));
    const disk = await servedWeb(sampleServer());
    const outcome = await fix(disk, join(own, 'remote'));
    const remote = recordOf(outcome);
    expect(remote.edits.map(({ path }) => path)).toContain('/etc/fstab');
    expect({ ...remote, disks: [] }).toEqual({ ...local, disks: [] });
    expect(remote.disks).toEqual([
      { source: { format: 'raw', location: { kind: 'elsewhere' } }, overlay: 'disk0.qcow2' },
    ]);

    const [mended] = mendedDisks([disk], outcome, join(own, 'remote'));
    expect(mended?.location).toEqual(disk.location);
    const raw = await rawOf(mended ?? disk, join(own, 'mended.raw'));
    const fstab = await tool('debugfs', ['-R', 'cat /etc/fstab', `${raw}?offset=${MIB}`]);
    expect(fstab.stdout).toMatch(/^UUID=/);
    const checked = await tool('e2fsck', ['-fn', `${raw}?offset=${MIB}`]);
    expect(checked.exitCode).toBe(0);
    expect(await sockets()).toEqual([]);

    const refused = await failureOf(undoGuest(join(own, 'remote'), MEANS));
    expect(refused.code).toBe('GUEST_REFUSED');
  });

  it('is told to be unreachable when its server goes while it is changed, and nothing is left', async () => {
    const into = join(await mkdtemp(join(folder, 'gone-')), 'guest');
    const sound = sampleServer();
    let gone = false;
    const disk = await servedWeb((request, response) => {
      gone ||= isMountedBelow(into);
      if (gone) request.socket.destroy();
      else sound(request, response);
    });
    const failure = await failureOf(fix(disk, into));
    expect(gone).toBe(true);
    expect(failure).toMatchObject({
      code: 'SOURCE_UNREADABLE',
      place: { file: expect.stringContaining('web01-disk1.vmdk') },
    });
    expect(await mountsIn(into)).toEqual([]);
    await expect(access(into)).rejects.toThrow();
    expect(await sockets()).toEqual([]);
  });

  it('is left at once when the work is stopped, also where its server does not answer any more', async () => {
    const into = join(await mkdtemp(join(folder, 'stopped-')), 'guest');
    const stop = new AbortController();
    const sound = sampleServer();
    let hanging = false;
    const disk = await servedWeb((request, response) => {
      hanging ||= isMountedBelow(into);
      if (hanging) stop.abort();
      else sound(request, response);
    });
    expect((await failureOf(fix(disk, into, stop.signal))).code).toBe('CANCELED');
    expect(hanging).toBe(true);
    expect(await mountsIn(into)).toEqual([]);
    await expect(access(into)).rejects.toThrow();
  });
});
