import { statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32Register } from '../../../../src/guests/access/crc32.js';
import { probeFileSystem } from '../../../../src/guests/access/file-system-type.js';
import { logicalVolumes, readPhysicalVolume } from '../../../../src/guests/access/lvm.js';
import { parseLvmText } from '../../../../src/guests/access/lvm-text.js';
import { readPartitionTable } from '../../../../src/guests/access/partition-table.js';
import type { ByteSource } from '../../../../src/io/byte-source.js';
import { SourceFile } from '../../../../src/io/source-file.js';
import { MIB } from '../../../../src/model/units.js';
import { emptyFile, makeFileSystem, partition, tool } from '../../../support/guest-disks.js';
import { tempFiles } from '../../../support/temp-files.js';

const { folder } = tempFiles();

function opened(path: string): ByteSource {
  return SourceFile.open({ path, offset: 0, length: statSync(path).size }, 'GUEST_UNREADABLE');
}

function inMemory(bytes: Buffer): ByteSource {
  return {
    path: 'memory',
    length: bytes.length,
    read: async (target, start, length, offset) => {
      target.set(bytes.subarray(offset, offset + length), start);
    },
    close: () => {},
  };
}

function whole(source: ByteSource) {
  return { source, offset: 0, length: source.length };
}

/** What sfdisk reads from a disk: the judge. */
async function judged(path: string): Promise<Array<{ number: number; offset: number; length: number }>> {
  const { stdout } = await tool('sfdisk', ['--json', path]);
  const { partitiontable } = JSON.parse(stdout) as {
    partitiontable: { partitions: Array<{ node: string; start: number; size: number; type: string }> };
  };
  // An extended partition only holds others.
  const holding = partitiontable.partitions.filter(({ type }) => type !== '5');
  return holding.map(({ node, start, size }) => ({
    number: Number(node.slice(path.length)),
    offset: start * 512,
    length: size * 512,
  }));
}

describe('readPartitionTable', () => {
  const scripts = {
    'an MBR with logical partitions':
      'label: dos\n1: start=2048, size=4096, type=83, bootable\n2: start=8192, size=90000, type=5\n5: start=10240, size=8192, type=82\n6: start=20480, size=4096, type=8e\n7: start=30720, size=2048, type=83\n',
    'a GPT with a gap in its numbers':
      'label: gpt\n1: start=2048, size=4096, type=U\n3: start=8192, size=4096, type=L\n',
  };
  for (const [name, script] of Object.entries(scripts)) {
    it(`reads ${name} as sfdisk does`, async () => {
      const path = await emptyFile(join(folder, 'table.raw'), 64);
      await partition(path, script);
      const { partitions, problems } = await readPartitionTable(opened(path));
      expect(partitions.map(({ number, offset, length }) => ({ number, offset, length }))).toEqual(
        await judged(path),
      );
      expect(problems).toEqual([]);
    });
  }

  it('takes the backup of a GPT whose first header is damaged', async () => {
    const path = await emptyFile(join(folder, 'backup.raw'), 16);
    await partition(path, 'label: gpt\nstart=2048, size=4096, type=L\n');
    const file = await open(path, 'r+');
    await file.write(Buffer.from([0xff]), 0, 1, 512 + 60);
    await file.close();
    const { kind, partitions, problems } = await readPartitionTable(opened(path));
    expect(kind).toBe('gpt');
    expect(partitions).toMatchObject([{ number: 1, offset: MIB, length: 2 * MIB }]);
    expect(problems).toEqual(["the GPT's header does not fit its checksum; its backup was used"]);
  });

  it('ends on a chain of logical partitions that leads back', async () => {
    const disk = Buffer.alloc(MIB);
    for (const [sector, at, type] of [
      [0, 446, 5],
      [64, 462, 5],
    ] as const) {
      disk.writeUInt16LE(0xaa55, sector * 512 + 510);
      disk.writeUInt8(type, sector * 512 + at + 4);
      disk.writeUInt32LE(sector === 0 ? 64 : 0, sector * 512 + at + 8);
      disk.writeUInt32LE(100, sector * 512 + at + 12);
    }
    const { partitions, problems } = await readPartitionTable(inMemory(disk));
    expect(partitions).toEqual([]);
    expect(problems).toEqual(['the chain of logical partitions leads back to itself']);
  });

  it('takes any bytes, and no partition leaves the disk', async () => {
    const entry = fc.uint8Array({ minLength: 66, maxLength: 66 });
    await fc.assert(
      fc.asyncProperty(entry, entry, async (table, chained) => {
        const disk = Buffer.alloc(256 * 512);
        for (const [sector, bytes] of [
          [0, table],
          [5, chained],
        ] as const) {
          disk.set(bytes, sector * 512 + 446);
          disk.writeUInt16LE(0xaa55, sector * 512 + 510);
        }
        for (const at of [446, 462, 478, 494]) disk.writeUInt8(disk.readUInt8(at) & 0x80, at);
        disk.writeUInt8(5, 494 + 4);
        disk.writeUInt32LE(5, 494 + 8);
        for (const { offset, length } of (await readPartitionTable(inMemory(disk))).partitions) {
          expect(length).toBeGreaterThan(0);
          expect(offset + length).toBeLessThanOrEqual(disk.length);
        }
      }),
    );
  });
});

describe('probeFileSystem', () => {
  const makers: Record<string, [string, (path: string) => string[]]> = {
    ext2: ['mke2fs', (path) => ['-q', '-F', '-t', 'ext2', '-L', 'two', path]],
    ext3: ['mke2fs', (path) => ['-q', '-F', '-t', 'ext3', '-L', 'three', path]],
    ext4: ['mke2fs', (path) => ['-q', '-F', '-t', 'ext4', '-L', 'four', path]],
    xfs: ['mkfs.xfs', (path) => ['-q', '-L', 'system', path]],
    btrfs: ['mkfs.btrfs', (path) => ['-q', '-L', 'a label', path]],
    ntfs: ['mkntfs', (path) => ['-q', '-F', '-f', '-L', 'Windows', path]],
    fat16: ['mformat', (path) => ['-i', path, '-v', 'BOOT', '::']],
    fat32: ['mformat', (path) => ['-i', path, '-F', '-v', 'EFI', '::']],
    swap: ['mkswap', (path) => ['-q', '-L', 'swap', path]],
  };
  for (const [name, [program, args]] of Object.entries(makers)) {
    it(`tells ${name} with UUID and label as blkid does`, async () => {
      const path = await emptyFile(join(folder, `${name}.img`), name === 'xfs' ? 320 : 128);
      await makeFileSystem(program, args(path));
      const { stdout } = await tool('blkid', ['-p', '-o', 'export', path]);
      const expected = Object.fromEntries(stdout.split('\n').map((line) => line.split('=', 2)));
      const found = await probeFileSystem(whole(opened(path)));
      expect(found).toEqual({
        type: expected.TYPE,
        uuid: expected.UUID,
        label: expected.LABEL?.replaceAll('\\', '') ?? null,
        unclean: null,
      });
    });
  }

  it('sees a journal that waits to be replayed', async () => {
    const path = await emptyFile(join(folder, 'journal.img'), 16);
    await makeFileSystem('mke2fs', ['-q', '-F', '-t', 'ext4', path]);
    await makeFileSystem('debugfs', ['-w', '-R', 'feature needs_recovery', path]);
    expect((await probeFileSystem(whole(opened(path))))?.unclean).toBe('journal');
  });

  it('sees that Windows wants to check a volume', async () => {
    const path = await emptyFile(join(folder, 'dirty.img'), 16);
    await makeFileSystem('mkntfs', ['-q', '-F', '-f', path]);
    expect((await probeFileSystem(whole(opened(path))))?.unclean).toBeNull();
    // ntfsfix leaves the mark for Windows.
    await makeFileSystem('ntfsfix', [path]);
    expect((await probeFileSystem(whole(opened(path))))?.unclean).toBe('dirty');
  });

  it('takes any bytes behind a signature', async () => {
    const signatures: Array<[number, string]> = [
      [0, 'LUKS\xba\xbe'],
      [512, 'LABELONE'],
      [3, 'NTFS    '],
      [0, 'XFSB'],
      [1080, '\x53\xef'],
      [510, '\x55\xaa'],
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...signatures),
        fc.uint8Array({ minLength: 2048, maxLength: 2048 }),
        async ([at, text], noise) => {
          const bytes = Buffer.concat([noise, Buffer.alloc(6144)]);
          bytes.write(text, at, 'latin1');
          const part = whole(inMemory(bytes));
          await probeFileSystem(part);
          await readPhysicalVolume(part);
        },
      ),
    );
  });
});

/** A physical volume as LVM2 lays it out: label in the second sector, metadata area at 4 KiB, data at 1 MiB. */
function physicalVolume(id: string, text: string, mebibytes: number): Buffer {
  const disk = Buffer.alloc(mebibytes * MIB);
  const label = disk.subarray(512, 1024);
  label.write('LABELONE');
  label.writeBigUInt64LE(1n, 8);
  label.writeUInt32LE(32, 20);
  label.write('LVM2 001', 24);
  label.write(id, 32);
  label.writeBigUInt64LE(BigInt(disk.length), 64);
  label.writeBigUInt64LE(BigInt(MIB), 72);
  label.writeBigUInt64LE(4096n, 104);
  label.writeBigUInt64LE(BigInt(MIB - 4096), 112);
  label.writeUInt32LE(crc32Register(label.subarray(20), 0xf597_a6cf), 16);
  const area = disk.subarray(4096, 4608);
  area.write(' LVM2 x[5A%r0N*>', 4);
  area.writeUInt32LE(1, 20);
  area.writeBigUInt64LE(4096n, 24);
  area.writeBigUInt64LE(BigInt(MIB - 4096), 32);
  area.writeBigUInt64LE(512n, 40);
  area.writeBigUInt64LE(BigInt(text.length + 1), 48);
  disk.write(text, 4608);
  area.writeUInt32LE(crc32Register(disk.subarray(4608, 4608 + text.length + 1), 0xf597_a6cf), 56);
  area.writeUInt32LE(crc32Register(area.subarray(4), 0xf597_a6cf), 0);
  return disk;
}

const ID = 'abcdef1234567890ABCDEF1234567890';

function volumeGroup(volumes: string): string {
  return `vg-0 {\nid = "group"\nseqno = 3\nextent_size = 8192 # 4 Megabytes\nphysical_volumes {\npv0 {\nid = "abcdef-1234-5678-90AB-CDEF-1234-567890"\npe_start = 2048\n}\n}\nlogical_volumes {\n${volumes}\n}\n}\ncontents = "Text Format Volume Group"\nversion = 1\n`;
}

function logicalVolume(name: string, type: string, ...segments: Array<[number, number]>): string {
  let start = 0;
  const texts = segments.map(([extent, count], index) => {
    start += count;
    return `segment${index + 1} {\nstart_extent = ${start - count}\nextent_count = ${count}\ntype = "${type}"\nstripe_count = 1\nstripes = [\n"pv0", ${extent}\n]\n}`;
  });
  return `${name} {\nid = "x"\nstatus = ["READ", "WRITE", "VISIBLE"]\nsegment_count = ${segments.length}\n${texts.join('\n')}\n}`;
}

describe('logical volumes', () => {
  it('finds linear ones, joins adjacent segments, and names what it cannot reach', async () => {
    const text = volumeGroup(
      [
        logicalVolume('root', 'striped', [0, 2]),
        logicalVolume('var-log', 'striped', [2, 1], [3, 1]),
        logicalVolume('apart', 'striped', [4, 1], [6, 1]),
        logicalVolume('pool', 'thin-pool', [5, 1]),
        logicalVolume('outside', 'striped', [7, 4000]),
      ].join('\n'),
    );
    const bytes = physicalVolume(ID, text, 40);
    const path = join(folder, 'pv.img');
    await (await open(path, 'w')).writeFile(bytes);
    const { stdout } = await tool('blkid', ['-p', '-o', 'export', path]);
    expect(stdout).toContain('UUID=abcdef-1234-5678-90AB-CDEF-1234-567890');
    expect(stdout).toContain('TYPE=LVM2_member');
    const volume = await readPhysicalVolume(whole(opened(path)));
    const found = logicalVolumes(volume === null ? [] : [volume]);
    expect(
      found.map(({ device, part, refusal }) => [device, part?.offset ?? null, part?.length ?? refusal]),
    ).toEqual([
      ['/dev/mapper/vg--0-root', MIB, 8 * MIB],
      ['/dev/mapper/vg--0-var--log', 9 * MIB, 8 * MIB],
      ['/dev/mapper/vg--0-apart', null, 'it is linear in several pieces'],
      ['/dev/mapper/vg--0-pool', null, 'it is of type thin-pool'],
      ['/dev/mapper/vg--0-outside', null, 'it reaches out of its disk'],
    ]);
  });

  it('takes no metadata whose checksum does not fit', async () => {
    const bytes = physicalVolume(ID, volumeGroup(logicalVolume('root', 'striped', [0, 2])), 16);
    bytes[4700] = 0x21;
    expect((await readPhysicalVolume(whole(inMemory(bytes))))?.metadata).toBeNull();
  });

  it('takes any text, at any depth', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a{}[\]="1,# \n]{0,200}$/), (text) => {
        parseLvmText(text);
      }),
    );
    expect(parseLvmText('a {'.repeat(100_000))).toBeNull();
  });
});
