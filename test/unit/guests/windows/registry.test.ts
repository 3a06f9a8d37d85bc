import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { windowsFixups } from '../../../../src/guests/fixups/windows/index.js';
import { Hive } from '../../../../src/guests/registry/hive.js';
import { HiveCells } from '../../../../src/guests/registry/hive-cells.js';
import { readHive, writeHive } from '../../../../src/guests/registry/hive-files.js';
import { nameHash } from '../../../../src/guests/registry/key-names.js';
import { XenferryError } from '../../../../src/model/errors.js';
import { expand, exportHive, makeHive, withChecksum } from '../../../support/hive-maker.js';
import { MemoryFiles } from '../../../support/memory-files.js';
import { windowsGuest } from '../../../support/windows-guests.js';

const LONG = Buffer.alloc(40_000, 7);
const SMALL = makeHive({
  Select: { Current: 1, '': 'default' },
  'ControlSet001\\Services\\atapi': { Start: 3, ImagePath: expand('System32\\drivers\\atapi.sys') },
  'ControlSet001\\Services\\atapi\\StartOverride': { '0': 3 },
  'ControlSet001\\Services\\Größe': { 'Straße "x"': 'ä€', List: ['a', 'b'], Empty: [] },
  Large: { Data: LONG, Small: Buffer.from([1, 2, 3, 4, 5, 6]) },
});

function open(bytes: Buffer): Hive {
  return new Hive(Buffer.from(bytes), 'SYSTEM');
}

describe('a hive that others wrote', () => {
  it('is read in any letter case', () => {
    const hive = open(SMALL);
    const atapi = hive.key('controlset001\\SERVICES\\ATAPI');
    expect(atapi?.name).toBe('atapi');
    expect(atapi?.dword('START')).toBe(3);
    expect(atapi?.string('ImagePath')).toBe('System32\\drivers\\atapi.sys');
    expect(hive.key('Select')?.string('')).toBe('default');
    expect(hive.key('ControlSet001\\Services\\GRÖSSE')).toBeNull();
    expect(hive.key('ControlSet001\\Services\\GRÖßE')?.string('STRAßE "X"')).toBe('ä€');
    expect(hive.key('ControlSet001\\Services\\Größe')?.strings('List')).toEqual(['a', 'b']);
    expect(hive.key('ControlSet001\\Services\\Größe')?.strings('Empty')).toEqual([]);
    expect(hive.key('Large')?.value('Data')?.data.equals(LONG)).toBe(true);
    expect(
      hive
        .key('ControlSet001')
        ?.key('Services')
        ?.subkeys()
        .map(({ name }) => name),
    ).toEqual(['atapi', 'Größe']);
  });

  it('goes back byte for byte when nothing changes', () => {
    const hive = open(SMALL);
    hive.key('Select')?.setDword('Current', 1);
    hive.root.makeKey('controlset001\\services');
    expect(hive.root.removeKey('Nothing\\Here')).toBe(false);
    expect(hive.changed).toBe(false);
    expect(hive.toBytes().equals(SMALL)).toBe(true);
  });
});

describe('a changed hive', () => {
  it('is what hivexregedit reads too', () => {
    const hive = open(SMALL);
    const services = hive.root.makeKey('ControlSet001\\Services');
    services.key('atapi')?.setDword('Start', 0);
    services.key('atapi')?.setExpand('ImagePath', '%SystemRoot%\\System32\\drivers\\a much longer name.sys');
    services.makeKey('New\\Deep').setMulti('Order', ['x', 'y']);
    services.makeKey('New').setBinary('Bytes', Buffer.from([9, 8, 7, 6, 5]));
    services.makeKey('Ελληνικά').setString('Name', 'a"b\\c');
    services.key('Größe')?.removeValue('Straße "x"');
    hive.root.removeKey('Large');
    const found = exportHive(hive.toBytes());
    expect(Object.keys(found).sort()).toEqual(
      [
        '',
        'ControlSet001',
        'ControlSet001\\Services',
        'ControlSet001\\Services\\Größe',
        'ControlSet001\\Services\\New',
        'ControlSet001\\Services\\New\\Deep',
        'ControlSet001\\Services\\atapi',
        'ControlSet001\\Services\\atapi\\StartOverride',
        'ControlSet001\\Services\\Ελληνικά',
        'Select',
      ].sort(),
    );
    expect(found['ControlSet001\\Services\\atapi']).toMatchObject({ Start: 'dword:00000000' });
    expect(found['ControlSet001\\Services\\New']).toEqual({ Bytes: 'hex(3):09,08,07,06,05' });
    expect(found['ControlSet001\\Services\\New\\Deep']).toEqual({
      Order: 'hex(7):78,00,00,00,79,00,00,00,00,00',
    });
    expect(Object.keys(found['ControlSet001\\Services\\Größe'] ?? {}).sort()).toEqual(['Empty', 'List']);
  });

  it('takes more keys than fit into one list, and gives them up again', () => {
    const hive = open(SMALL);
    const top = hive.root.makeKey('Many');
    for (let number = 0; number < 521; number += 1) top.makeKey(`key${number}`).setDword('n', number);
    const exported = exportHive(hive.toBytes(), '\\Many');
    expect(Object.keys(exported)).toHaveLength(522);
    expect(exported['Many\\key520']).toEqual({ n: 'dword:00000208' });
    const again = open(hive.toBytes());
    for (let number = 1; number < 521; number += 1) again.root.removeKey(`Many\\key${number}`);
    expect(Object.keys(exportHive(again.toBytes(), '\\Many'))).toEqual(['Many', 'Many\\key0']);
    expect(again.root.removeKey('many')).toBe(true);
    expect(open(again.toBytes()).key('Many')).toBeNull();
  });

  it('has the hashes by which lists are searched', () => {
    // As hivexregedit writes them for these names.
    const known = { A: 0x41, zz_9: 0x47_7e_f0, Services: 0x22_7a_f7_30 };
    for (const [name, hash] of Object.entries(known)) expect(nameHash(name)).toBe(hash);
  });

  it('holds the last of any writes to its values', () => {
    const write = fc.record({
      key: fc.constantFrom('a', 'A\\b', 'c'),
      name: fc.constantFrom('', 'v', 'V', 'other'),
      text: fc.option(fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.replaceAll('\0', ''))),
    });
    fc.assert(
      fc.property(fc.array(write, { maxLength: 30 }), (writes) => {
        const hive = open(SMALL);
        const expected = new Map<string, string | null>();
        for (const { key, name, text } of writes) {
          const made = hive.root.makeKey(key);
          if (text === null) made.removeValue(name);
          else made.setString(name, text);
          expected.set(`${key.toLowerCase()}|${name.toLowerCase()}`, text);
        }
        const again = open(hive.toBytes());
        for (const [place, text] of expected) {
          const [key = '', name = ''] = place.split('|');
          // A lone half of a surrogate pair has no UTF-16 that could be told from U+FFFD.
          if (text === null || text.isWellFormed()) expect(again.key(key)?.string(name) ?? null).toBe(text);
        }
      }),
      { numRuns: 25 },
    );
  });
});

describe('large data', () => {
  it('is read and removed in the pieces in which Windows keeps it', () => {
    const cells = new HiveCells(Buffer.from(SMALL), 'SYSTEM');
    const pieces = [LONG.subarray(0, 16_344), LONG.subarray(16_344, 32_688), LONG.subarray(32_688)];
    const list = Buffer.alloc(12);
    for (const [at, piece] of pieces.entries()) list.writeUInt32LE(cells.add(piece), 4 * at);
    const record = Buffer.alloc(8);
    record.write('db');
    record.writeUInt16LE(3, 2);
    record.writeUInt32LE(cells.add(list), 4);
    const at = cells.add(record);
    const bytes = cells.toBytes();
    const name = bytes.indexOf('Data', 4096, 'latin1');
    bytes.writeUInt32LE(at, name - 12);
    const hive = open(withChecksum(bytes));
    expect(hive.key('Large')?.value('Data')?.data.equals(LONG)).toBe(true);
    expect(hive.key('Large')?.removeValue('Data')).toBe(true);
    expect(exportHive(hive.toBytes(), '\\Large')).toEqual({
      Large: { Small: 'hex(3):01,02,03,04,05,06' },
    });
    expect(hive.toBytes().readInt32LE(4096 + at)).toBeGreaterThan(0);
  });
});

describe('a damaged hive', () => {
  it('is refused with the place', () => {
    const cut = SMALL.subarray(0, SMALL.length - 4096);
    expect(() => open(cut)).toThrow(/bins end outside/);
    expect(() => open(Buffer.alloc(8192))).toThrow(/no registry hive/);
    const lost = Buffer.from(SMALL);
    lost.writeUInt32LE(0x7fff_fff8, 36);
    expect(() => open(withChecksum(lost))).toThrow(/no cell/);
    const wrong = Buffer.from(SMALL);
    wrong.writeUInt32LE(9, 20);
    expect(() => open(wrong)).toThrow(/checksum/);
  });

  it('whose lists name the same key again and again does not keep us busy', async () => {
    const hive = makeHive({ Select: { Current: 1 }, 'ControlSet001\\Enum\\BUS\\DEVICE': {} });
    const cells = new HiveCells(hive, 'SYSTEM');
    const offsetOf = (name: string) => hive.indexOf(name, 4096, 'latin1') - 76 - 4 - 4096;
    for (const [above, below] of [
      ['Enum', 'BUS'],
      ['BUS', 'DEVICE'],
    ] as const) {
      const list = Buffer.alloc(4 + 4 * 60_000);
      list.write('li');
      list.writeUInt16LE(60_000, 2);
      for (let at = 0; at < 60_000; at += 1) list.writeUInt32LE(offsetOf(below), 4 + 4 * at);
      const offset = cells.add(list);
      const key = cells.record(offsetOf(above), 'nk', 76);
      key.writeUInt32LE(60_000, 20);
      key.writeUInt32LE(offset, 28);
    }
    const files = new MemoryFiles({ '/Windows/System32/config/SYSTEM': cells.toBytes() });
    const services = windowsFixups.find(({ id }) => id === 'windows/vmware-services');
    const { guest } = await windowsGuest('2016');
    await expect(services?.run(guest, files, { toolsFolder: null })).rejects.toMatchObject({
      code: 'GUEST_UNREADABLE',
      message: expect.stringContaining('too much refers'),
    });
  });

  it('never does worse than to be refused', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: SMALL.length - 4097 }), fc.nat({ max: 255 })), {
          minLength: 1,
          maxLength: 12,
        }),
        (changes) => {
          const bytes = Buffer.from(SMALL);
          for (const [at, byte] of changes) bytes.writeUInt8(byte, 4096 + at);
          try {
            const hive = open(bytes);
            const services = hive.root.makeKey('ControlSet001\\Services');
            for (const key of services.subkeys()) key.valueNames().map((name) => key.value(name));
            services.makeKey('New').setString('x', 'a text that is long');
            hive.root.removeKey('ControlSet001');
            hive.toBytes();
          } catch (error) {
            if (!(error instanceof XenferryError) || error.code !== 'GUEST_UNREADABLE') throw error;
          }
        },
      ),
      { numRuns: 800 },
    );
  });
});

describe('the files of a hive', () => {
  it('are refused when Windows has not written everything', async () => {
    const dirty = Buffer.from(SMALL);
    dirty.writeUInt32LE(dirty.readUInt32LE(8) + 1, 4);
    const files = new MemoryFiles({ '/SYSTEM': withChecksum(dirty) });
    await expect(readHive(files, '/SYSTEM')).rejects.toMatchObject({ code: 'GUEST_REFUSED' });
    const log = withChecksum(Buffer.from(dirty.subarray(0, 512)));
    const behind = new MemoryFiles({ '/SYSTEM': SMALL, '/SYSTEM.LOG1': log });
    await expect(readHive(behind, '/SYSTEM')).rejects.toMatchObject({ code: 'GUEST_REFUSED' });
    log.writeUInt32LE(SMALL.readUInt32LE(4), 4);
    const old = new MemoryFiles({ '/SYSTEM': SMALL, '/SYSTEM.LOG1': withChecksum(log), '/SYSTEM.LOG2': '' });
    expect(await readHive(old, '/SYSTEM')).not.toBeNull();
  });

  it('are written when something changed only', async () => {
    const files = new MemoryFiles({ '/SYSTEM': SMALL });
    for (const start of [3, 0]) {
      const hive = await readHive(files, '/SYSTEM');
      hive?.key('ControlSet001\\Services\\atapi')?.setDword('Start', start);
      if (hive !== null) await writeHive(files, '/SYSTEM', hive);
    }
    expect(files.changes).toEqual(['/SYSTEM']);
  });
});
