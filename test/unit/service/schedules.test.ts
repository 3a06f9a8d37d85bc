import { mkdirSync, mkdtempSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { MIB } from '../../../src/model/units.js';
import { isDue, nextTime } from '../../../src/service/schedules/schedule-spec.js';
import { lookInto } from '../../../src/service/schedules/watched-folder.js';
import { readInventory } from '../../../src/sources/index.js';
import { makeEmptyRaw, makeVmdk } from '../../support/disk-maker.js';
import { writeExport } from '../../support/export-maker.js';
import { services, type TestService } from '../../support/service.js';
import { openTables } from '../../support/service-ledger.js';
import { tempFiles } from '../../support/temp-files.js';

const { folder } = tempFiles();
const start = services();
const HOUR = 3_600_000;
/** Long after the files of this test were written. */
const later = () => Date.now() + HOUR;

beforeAll(() => makeEmptyRaw(join(folder, 'disk.raw'), 4 * MIB));

async function put(watched: string, name: string): Promise<string> {
  await writeExport(join(watched, name), name, [{ href: 'disk.vmdk', capacityBytes: 4 * MIB }]);
  await makeVmdk(join(folder, 'disk.raw'), join(watched, name, 'disk.vmdk'), 'streamOptimized');
  return join(watched, name);
}

describe('the time of a schedule', () => {
  it('is that of its own clocks, also when those change', () => {
    const berlin = { cron: '30 2 * * *', timeZone: 'Europe/Berlin' };
    expect(nextTime(berlin, Date.parse('2026-10-23T12:00:00Z'))).toBe(Date.parse('2026-10-24T00:30:00Z'));
    expect(nextTime(berlin, Date.parse('2026-10-25T12:00:00Z'))).toBe(Date.parse('2026-10-26T01:30:00Z'));
  });

  it('is due once, however often it passed', () => {
    const spec = JSON.stringify({
      cron: '0 * * * *',
      timeZone: 'UTC',
      since: Date.parse('2026-01-01T00:30:00Z'),
    });
    const record = { id: 1, name: 's', spec, enabled: true, lastAt: null, lastResult: null };
    expect(isDue(record, Date.parse('2026-01-01T00:59:00Z'))).toBe(false);
    const now = Date.parse('2026-01-02T00:10:00Z');
    expect(isDue(record, now)).toBe(true);
    expect(isDue({ ...record, lastAt: now }, now + 60_000)).toBe(false);
    expect(isDue({ ...record, enabled: false }, now)).toBe(false);
  });
});

describe('a watched folder', () => {
  it('has what is whole, once, and again when it was written again', async () => {
    const watched = mkdtempSync(join(folder, 'watched-'));
    const path = await put(watched, 'shop');
    writeFileSync(join(watched, 'notes.txt'), 'no export');
    const { complete } = await lookInto(watched, new Map(), 60, later());
    expect(complete.map((arrival) => arrival.path)).toEqual([path]);
    const known = new Map(complete.map((arrival) => [arrival.path, arrival.version]));
    expect((await lookInto(watched, known, 60, later())).complete).toEqual([]);
    utimesSync(join(path, 'disk.vmdk'), new Date(), new Date(Date.now() + 5000));
    expect((await lookInto(watched, known, 60, later())).complete).toHaveLength(1);
  });

  it('leaves alone what is still being written, or lacks a file', async () => {
    const watched = mkdtempSync(join(folder, 'watched-'));
    await put(watched, 'fresh');
    const now = await lookInto(watched, new Map(), 60, Date.now());
    expect([now.complete, now.unfinished]).toEqual([[], ['fresh: it is still being written']]);

    await writeExport(join(watched, 'half'), 'half', [{ href: 'gone.vmdk', capacityBytes: 4 * MIB }]);
    const cut = await put(watched, 'cut');
    await truncate(join(cut, 'cut.ovf'), 300);
    const { complete, unfinished } = await lookInto(watched, new Map(), 60, later());
    expect(complete.map(({ path }) => path)).toEqual([join(watched, 'fresh')]);
    expect(unfinished.map((line) => line.split(':')[0])).toEqual(['cut', 'half']);
  });

  it('has what can be moved although something is remarkable about it', async () => {
    const watched = mkdtempSync(join(folder, 'watched-'));
    const path = join(watched, 'bare');
    mkdirSync(path);
    await makeVmdk(join(folder, 'disk.raw'), join(path, 'disk.vmdk'), 'monolithicSparse');
    const settings = {
      '.encoding': 'UTF-8',
      displayName: 'bare',
      guestOS: 'debian12-64',
      memSize: '512',
      nvram: 'bare.nvram',
      'scsi0.present': 'TRUE',
      'scsi0.virtualDev': 'lsilogic',
      'scsi0:0.present': 'TRUE',
      'scsi0:0.fileName': 'disk.vmdk',
    };
    writeFileSync(
      join(path, 'bare.vmx'),
      Object.entries(settings)
        .map(([key, value]) => `${key} = "${value}"\n`)
        .join(''),
    );
    const named = await put(watched, 'named');
    const descriptor = join(named, 'named.ovf');
    const nvram =
      '<vmw:ExtraConfig xmlns:vmw="http://www.vmware.com/schema/ovf" vmw:key="nvram" vmw:value="named.nvram"/>';
    const text = readFileSync(descriptor, 'utf8');
    writeFileSync(descriptor, text.replace('</VirtualHardwareSection>', `${nvram}</VirtualHardwareSection>`));
    const problems = (await Promise.all([path, named].map((one) => readInventory(one)))).flatMap(
      (inventory) => inventory.problems,
    );
    expect(problems.map(({ severity, code }) => `${severity} ${code}`)).toEqual([
      'information OVF_FILE_MISSING',
      'warning OVF_MALFORMED',
    ]);
    const { complete, unfinished } = await lookInto(watched, new Map(), 60, later());
    expect(unfinished).toEqual([]);
    expect(complete.map((arrival) => arrival.path)).toEqual([path, named]);
  });
});

describe('a schedule of the service', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await start();
    await put(join(service.home, 'in'), 'shop');
  });
  const lastResult = async (id: number) => {
    const { items } = (await service.ask('GET', '/v1/schedules')).json as {
      items: { id: number; lastResult: string }[];
    };
    return items.find((schedule) => schedule.id === id)?.lastResult ?? null;
  };

  it('that was missed while the service was down runs at its start, and takes what is new once', async () => {
    const body = {
      name: 'nightly',
      migration: 'version: 1',
      cron: '* * * * *',
      folder: 'in',
      quietSeconds: 1,
    };
    const made = await service.ask('POST', '/v1/schedules', { body });
    expect([made.status, made.json]).toMatchObject([201, { folder: join(service.home, 'in'), lastAt: null }]);
    const { id } = made.json as { id: number };
    await service.close();
    const tables = openTables(service.home);
    const past = {
      ...body,
      folder: join(service.home, 'in'),
      timeZone: 'UTC',
      since: Date.now() - 5 * HOUR,
      taken: {},
    };
    await tables
      .updateTable('schedules')
      .set({ spec: JSON.stringify(past) })
      .where('id', '=', id)
      .execute();
    await tables.destroy();
    // So long nothing of the export has changed.
    await new Promise((done) => setTimeout(done, 1500));
    service = await start({ home: service.home });
    await expect.poll(() => lastResult(id), { timeout: 10_000 }).toMatch(/^began batch \d+$/);
    const { items } = (await service.ask('GET', '/v1/batches')).json as { items: { name: string }[] };
    expect(items).toHaveLength(1);
    expect(items[0]?.name).toMatch(/^nightly \d{4}-/);
  });

  it('is refused with a time that is none, a folder elsewhere or a name that is taken', async () => {
    const body = { name: 'other', migration: 'version: 1\nsources: [{path: in}]', cron: '* * * * *' };
    const codeOf = async (changes: object) =>
      (
        (await service.ask('POST', '/v1/schedules', { body: { ...body, ...changes } })).json as {
          code: string;
        }
      ).code;
    expect(await codeOf({ cron: '99 * * * *' })).toBe('CONFIG_INVALID');
    expect(await codeOf({ timeZone: 'Europe/Nowhere' })).toBe('CONFIG_INVALID');
    expect(await codeOf({ folder: '/etc' })).toBe('PATH_NOT_ALLOWED');
    expect(await codeOf({ name: 'nightly' })).toBe('NAME_TAKEN');
  });

  it.each([
    ['is of another version', 'version: 2', 'CONFIG_INVALID'],
    ['names no source', 'version: 1', 'CONFIG_INVALID'],
    [
      'has a wave in a window that is none',
      'version: 1\nsources: [{path: in}]\nwaves: [{name: a, window: w}]',
      'CONFIG_INVALID',
    ],
    ['lies elsewhere', 'version: 1\nsources: [{path: /etc}]', 'PATH_NOT_ALLOWED'],
    [
      'has rules that are not there',
      'version: 1\nsources: [{path: in}]\nrules: [none.yaml]',
      'CONFIG_INVALID',
    ],
  ])('is refused when it is made or changed with a migration that %s', async (what, migration, code) => {
    const good = {
      name: `good ${what}`,
      migration: 'version: 1\nsources: [{path: in}]',
      cron: '0 2 1 1 *',
    };
    const made = await service.ask('POST', '/v1/schedules', { body: good });
    expect(made.status).toBe(201);
    const body = { ...good, name: 'broken', migration };
    for (const [method, path] of [
      ['POST', '/v1/schedules'],
      ['PUT', `/v1/schedules/${(made.json as { id: number }).id}`],
    ] as const) {
      const refused = await service.ask(method, path, { body });
      expect([refused.status < 500, refused.json]).toMatchObject([true, { code }]);
    }
  });

  it('can be removed once', async () => {
    const body = { name: 'short', migration: 'version: 1\nsources: [{path: in}]', cron: '0 2 1 1 *' };
    const { id } = (await service.ask('POST', '/v1/schedules', { body })).json as { id: number };
    expect((await service.ask('DELETE', `/v1/schedules/${id}`)).status).toBe(204);
    expect((await service.ask('DELETE', `/v1/schedules/${id}`)).status).toBe(404);
  });
});
