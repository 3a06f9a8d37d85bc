import { execFileSync } from 'node:child_process';
import { cp, mkdir, readFile, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/model/error-catalog.js';
import { MIB } from '../../src/model/units.js';
import { REFUSED, REPORT, STATUS } from '../support/cli-documents.js';
import { contentOf } from '../support/content.js';
import { logText, makeVmdk, noise } from '../support/disk-maker.js';
import { expectErrorLines, expectNoStack } from '../support/error-lines.js';
import { machineOvf, writeExport, writeManifest } from '../support/export-maker.js';
import { visibleFiles } from '../support/file-facts.js';
import { expectGoodXva } from '../support/oracles.js';
import { type CliResult, runCli, runJson, runMeasured } from '../support/run-cli.js';
import { tempFiles } from '../support/temp-files.js';
import { buildStreamOptimized } from '../unit/vmdk-reader/vmdk-builder.js';

/** Far below what any of these inputs would take when it were read whole, expanded or believed. */
const MEMORY_LIMIT = 256 * MIB;
const CAPACITY = 8 * MIB;
const GRAIN = 65_536;
/** A sector number no small file has. */
const FAR_SECTOR = 0x7fff_fff0;

/** `stream` is what ESXi writes; the others are qemu-img's. All hold the same. */
type DiskKind = 'stream' | 'qemuStream' | 'sparse' | 'flat';

interface BadMachine {
  /** Name of the machine and of its folder, or of its OVA. */
  readonly name: string;
  readonly code: ErrorCode;
  /** What the error must name: a file of the export's folder. */
  readonly file: string;
  readonly disk?: DiskKind;
  readonly manifest?: true;
  readonly ova?: true;
  /** Damages a healthy export in this folder. */
  readonly spoil: (folder: string, name: string) => Promise<void>;
}

const { folder } = tempFiles();
const source = join(folder, 'source');
const target = join(folder, 'out');
const disks = join(folder, 'disks');
const outside = join(folder, 'outside.vmdk');

const grains = new Map([
  [0, noise(1, GRAIN)],
  [1, logText(2, GRAIN)],
  [40, noise(3, GRAIN)],
  [127, noise(4, GRAIN)],
]);
const stream = buildStreamOptimized({ capacitySectors: CAPACITY / 512, grains });

/** Bad disks: what convert refuses on its own, and what fails one machine of a batch. */
const BAD_DISKS: readonly BadMachine[] = [
  {
    name: 'sparse-cut',
    disk: 'sparse',
    code: 'VMDK_GRAIN_OUT_OF_RANGE',
    file: 'disk.vmdk',
    spoil: onDisk((bytes) => bytes.subarray(0, bytes.length - 2 * GRAIN)),
  },
  {
    name: 'sparse-cut-inside-last-grain',
    disk: 'sparse',
    code: 'VMDK_TRUNCATED',
    file: 'disk.vmdk',
    spoil: onDisk((bytes) => bytes.subarray(0, bytes.length - 512)),
  },
  {
    name: 'stream-without-footer',
    code: 'VMDK_TRUNCATED',
    file: 'disk.vmdk',
    spoil: onDisk((bytes) => bytes.subarray(0, bytes.length - 3 * 512)),
  },
  {
    name: 'stream-cut-in-half',
    code: 'VMDK_TRUNCATED',
    file: 'disk.vmdk',
    spoil: onDisk((bytes) => bytes.subarray(0, bytes.length >> 1)),
  },
  {
    name: 'stream-cut-inside-last-grain',
    disk: 'qemuStream',
    code: 'VMDK_GRAIN_CORRUPT',
    file: 'disk.vmdk',
    spoil: onDisk((bytes) => bytes.subarray(0, bytes.length - GRAIN / 2)),
  },
  {
    name: 'flat-cut',
    disk: 'flat',
    code: 'VMDK_TRUNCATED',
    file: 'disk-flat.vmdk',
    spoil: async (at) => await truncate(join(at, 'disk-flat.vmdk'), CAPACITY - 512),
  },
  {
    name: 'wrong-magic',
    disk: 'sparse',
    code: 'VMDK_BAD_MAGIC',
    file: 'disk.vmdk',
    spoil: onDisk((bytes) => patched(bytes, 0, Buffer.from('KDMX'))),
  },
  {
    name: 'empty-disk',
    code: 'VMDK_BAD_MAGIC',
    file: 'disk.vmdk',
    spoil: onDisk(() => Buffer.alloc(0)),
  },
  {
    name: 'directory-outside',
    disk: 'sparse',
    code: 'VMDK_TABLE_OUT_OF_RANGE',
    file: 'disk.vmdk',
    spoil: onDisk((bytes) => patched(withoutCopies(bytes), 56, u64(FAR_SECTOR))),
  },
  {
    name: 'table-outside',
    disk: 'sparse',
    code: 'VMDK_TABLE_OUT_OF_RANGE',
    file: 'disk.vmdk',
    spoil: onDisk((bytes) => patched(withoutCopies(bytes), sparseTables(bytes).directory, u32(FAR_SECTOR))),
  },
  {
    name: 'grain-outside',
    disk: 'sparse',
    code: 'VMDK_GRAIN_OUT_OF_RANGE',
    file: 'disk.vmdk',
    spoil: onDisk((bytes) => patched(withoutCopies(bytes), sparseTables(bytes).table, u32(FAR_SECTOR))),
  },
  {
    name: 'stream-table-outside',
    code: 'VMDK_TABLE_OUT_OF_RANGE',
    file: 'disk.vmdk',
    spoil: onDisk((bytes) => patched(bytes, stream.directoryOffset, u32(FAR_SECTOR))),
  },
  {
    name: 'stream-grain-outside',
    code: 'VMDK_GRAIN_OUT_OF_RANGE',
    file: 'disk.vmdk',
    spoil: onDisk((bytes) => patched(bytes, stream.tableOffset, u32(FAR_SECTOR))),
  },
  {
    name: 'grain-corrupt',
    code: 'VMDK_GRAIN_CORRUPT',
    file: 'disk.vmdk',
    spoil: onDisk((bytes) => patched(bytes, grainOffset(1) + 12 + 40, Buffer.alloc(8, 0xff))),
  },
  {
    name: 'grain-with-one-wrong-bit',
    code: 'VMDK_GRAIN_CORRUPT',
    file: 'disk.vmdk',
    // Noise is stored as it is: only the checksum at the stream's end tells.
    spoil: onDisk((bytes) => flipped(bytes, grainOffset(40) + 12 + 5000)),
  },
  {
    name: 'grain-marked-for-elsewhere',
    code: 'VMDK_GRAIN_CORRUPT',
    file: 'disk.vmdk',
    spoil: onDisk((bytes) => patched(bytes, grainOffset(40), u64(41 * 128))),
  },
  {
    name: 'grain-bomb',
    code: 'VMDK_GRAIN_CORRUPT',
    file: 'disk.vmdk',
    // 100 MiB of zeros in the room of an ordinary grain.
    spoil: onDisk(() => {
      const bomb = { stored: deflateSync(Buffer.alloc(100 * MIB)) };
      const withBomb = new Map<number, Buffer | typeof bomb>(grains).set(2, bomb);
      return buildStreamOptimized({ capacitySectors: CAPACITY / 512, grains: withBomb }).bytes;
    }),
  },
  {
    name: 'capacity-beyond-reason',
    disk: 'sparse',
    code: 'VMDK_HEADER_INVALID',
    file: 'disk.vmdk',
    spoil: onDisk((bytes) => patched(bytes, 12, u64(2 ** 50))),
  },
  {
    name: 'directory-beyond-reason',
    disk: 'sparse',
    code: 'VMDK_HEADER_INVALID',
    file: 'disk.vmdk',
    // 64 TiB with a table for every single grain.
    spoil: onDisk((bytes) => patched(patched(bytes, 12, u64(2 ** 37)), 44, u32(1))),
  },
  {
    name: 'extent-path-out-of-the-folder',
    disk: 'flat',
    code: 'OVF_UNSAFE_PATH',
    file: 'disk.vmdk',
    spoil: onDisk((bytes) => edited(bytes, 'disk-flat.vmdk', '../../outside.vmdk')),
  },
  {
    name: 'extent-link-out-of-the-folder',
    disk: 'flat',
    code: 'OVF_UNSAFE_PATH',
    file: 'disk.vmdk',
    spoil: async (at) => {
      await rm(join(at, 'disk-flat.vmdk'));
      await symlink(outside, join(at, 'disk-flat.vmdk'));
    },
  },
  {
    name: 'extent-missing',
    disk: 'flat',
    code: 'VMDK_EXTENT_MISSING',
    file: 'disk.vmdk',
    spoil: (at) => rm(join(at, 'disk-flat.vmdk')),
  },
];

/** Bad packages: only a batch reads them. */
const BAD_PACKAGES: readonly BadMachine[] = [
  {
    name: 'manifest-of-other-disk',
    manifest: true,
    code: 'MANIFEST_MISMATCH',
    file: 'disk.vmdk',
    // In a comment of the embedded descriptor: the disk converts, and is not the one that was exported.
    spoil: onDisk((bytes) => edited(bytes, '# The Disk Data Base', '# The Disk Data base')),
  },
  {
    name: 'manifest-of-other-descriptor',
    manifest: true,
    code: 'MANIFEST_MISMATCH',
    file: 'manifest-of-other-descriptor.ovf',
    spoil: onDescriptor((text) => text.replace('A virtual machine', 'Another machine')),
  },
  {
    name: 'manifest-malformed',
    manifest: true,
    code: 'MANIFEST_MALFORMED',
    file: 'manifest-malformed.mf',
    spoil: (at, name) => writeFile(join(at, `${name}.mf`), 'SHA256(disk.vmdk)= 1234\n'),
  },
  {
    name: 'disk-missing',
    code: 'OVF_FILE_MISSING',
    file: 'disk.vmdk',
    spoil: (at) => rm(join(at, 'disk.vmdk')),
  },
  {
    name: 'disk-shorter-than-declared',
    code: 'OVF_FILE_SIZE',
    file: 'disk.vmdk',
    spoil: onDescriptor((text) => text.replace('ovf:href', 'ovf:size="987654321" ovf:href')),
  },
  {
    name: 'href-up',
    code: 'OVF_UNSAFE_PATH',
    file: 'href-up.ovf',
    spoil: onDescriptor((text) => text.replace('disk.vmdk', '../../outside.vmdk')),
  },
  {
    name: 'href-up-in-disguise',
    code: 'OVF_UNSAFE_PATH',
    file: 'href-up-in-disguise.ovf',
    spoil: onDescriptor((text) => text.replace('disk.vmdk', 'x/%2e%2e/%2E./../outside.vmdk')),
  },
  {
    name: 'href-absolute',
    code: 'OVF_UNSAFE_PATH',
    file: 'href-absolute.ovf',
    spoil: onDescriptor((text) => text.replace('disk.vmdk', outside)),
  },
  {
    name: 'href-link',
    code: 'OVF_UNSAFE_PATH',
    file: 'href-link.ovf',
    spoil: async (at) => {
      await rm(join(at, 'disk.vmdk'));
      await symlink(outside, join(at, 'disk.vmdk'));
    },
  },
  {
    name: 'ovf-of-50-mb',
    code: 'OVF_TOO_LARGE',
    file: 'ovf-of-50-mb.ovf',
    spoil: onDescriptor((text) => text.replace('</Envelope>', `<!--${'x'.repeat(50_000_000)}--></Envelope>`)),
  },
  {
    name: 'ova-with-ovf-of-50-mb',
    ova: true,
    code: 'OVF_TOO_LARGE',
    file: 'ova-with-ovf-of-50-mb.ova',
    spoil: onDescriptor((text) => text.replace('</Envelope>', `<!--${'x'.repeat(50_000_000)}--></Envelope>`)),
  },
  {
    name: 'ovf-of-a-billion-laughs',
    code: 'OVF_MALFORMED',
    file: 'ovf-of-a-billion-laughs.ovf',
    spoil: onDescriptor(withBillionLaughs),
  },
  {
    name: 'ovf-that-is-cut-off',
    code: 'OVF_MALFORMED',
    file: 'ovf-that-is-cut-off.ovf',
    spoil: onDescriptor((text) => text.slice(0, text.length >> 1)),
  },
  {
    name: 'ova-that-is-cut-off',
    ova: true,
    code: 'OVA_MALFORMED',
    file: 'ova-that-is-cut-off.ova',
    spoil: async () => {},
  },
];

const BAD_MACHINES = [...BAD_DISKS, ...BAD_PACKAGES];
const OVA_CUT = 'ova-that-is-cut-off';

beforeAll(async () => {
  await mkdir(disks);
  const file = (kind: string) => join(disks, kind, 'disk.vmdk');
  for (const kind of ['stream', 'qemuStream', 'sparse', 'flat']) await mkdir(dirname(file(kind)));
  await writeFile(file('stream'), stream.bytes);
  const raw = join(disks, 'disk.raw');
  execFileSync('qemu-img', ['convert', '-f', 'vmdk', '-O', 'raw', file('stream'), raw]);
  await makeVmdk(raw, file('qemuStream'), 'streamOptimized');
  await makeVmdk(raw, file('sparse'), 'monolithicSparse');
  await makeVmdk(raw, file('flat'), 'monolithicFlat');
  // Readable and harmless: only its place is wrong.
  await cp(file('stream'), outside);
});

/** Writes the export of a machine, healthy or as its case wants it. */
async function writeMachine(machine: BadMachine, spoiled: boolean): Promise<void> {
  const { name, disk = 'stream', manifest, ova, spoil } = machine;
  const at = ova === undefined ? join(source, name) : join(folder, 'ova', name);
  await rm(at, { recursive: true, force: true });
  await cp(join(disks, disk), at, { recursive: true });
  await writeExport(at, name, [{ href: 'disk.vmdk', capacityBytes: CAPACITY }]);
  if (manifest === true) await writeManifest(at, name, ['disk.vmdk']);
  if (spoiled) await spoil(at, name);
  if (ova === undefined) return;
  const archive = join(source, `${name}.ova`);
  execFileSync('tar', ['--format=ustar', '-cf', archive, '-C', at, `${name}.ovf`, 'disk.vmdk']);
  if (spoiled && name === OVA_CUT) await truncate(archive, 100_000);
}

/** All are in the batch; a command for each of them alone would take long and show little more. */
function badDisks(...names: readonly string[]): readonly BadMachine[] {
  return BAD_DISKS.filter(({ name }) => names.includes(name));
}

function outputOf(name: string): string {
  return join(target, `${name}.xva`);
}

describe('a batch with one healthy machine among bad ones', () => {
  let run: CliResult & { readonly peakMemoryBytes: number };

  beforeAll(async () => {
    for (const machine of BAD_MACHINES) await writeMachine(machine, true);
    await cp(join(disks, 'stream'), join(source, 'healthy'), { recursive: true });
    await writeExport(join(source, 'healthy'), 'healthy', [{ href: 'disk.vmdk', capacityBytes: CAPACITY }]);
    run = await runMeasured(['run', source, '--target', target]);
  });

  it('ends with the code that says so, and finishes the healthy one', async () => {
    expect(run.exitCode).toBe(4);
    await expectGoodXva(outputOf('healthy'));
  });

  it('leaves nothing but finished files', async () => {
    expect(await visibleFiles(target)).toEqual(['healthy.xva', 'report.html', 'report.json']);
  });

  it('stays within bounds of memory', () => {
    expect(run.peakMemoryBytes).toBeLessThan(MEMORY_LIMIT);
  });

  it('shows no stack and no bug of ours', () => {
    expectNoStack(run.stderr);
    expect(run.stderr).not.toContain('INTERNAL');
  });

  it.each(BAD_MACHINES)('names $code, the file and the remedy for $name', ({ name, code, file }) => {
    expectErrorLines(run.stderr, { code, names: [name, file] });
  });

  it.each(BAD_MACHINES)('remembers $code for $name', async ({ name, code }) => {
    const { machines } = await loadStatus();
    // A machine that nobody could read is known by its descriptor.
    const names = [name, `${name}/${name}.ovf`, `${name}.ova`];
    const machine = machines.find((candidate) => names.includes(candidate.name));
    expect(machine).toMatchObject({ state: 'failed', error: { code } });
  });

  it('completes once the causes are gone, without doing the healthy one again', async () => {
    for (const machine of BAD_MACHINES) await writeMachine(machine, false);
    const before = await stat(outputOf('healthy'));
    const again = await runCli(['run', source, '--target', target]);
    expect(again).toMatchObject({ exitCode: 0 });
    const { digest } = await contentOf(join(disks, 'disk.raw'));
    const { machines } = REPORT.parse(JSON.parse(await readFile(join(target, 'report.json'), 'utf8')));
    for (const { name } of BAD_MACHINES) {
      const machine = machines.find((candidate) => candidate.name === name);
      expect(machine, name).toMatchObject({ state: 'done', disks: [{ digest }] });
      await expectGoodXva(outputOf(name));
    }
    expect(await stat(outputOf('healthy'))).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs });
  }, 180_000);

  let status: Promise<ReturnType<typeof STATUS.parse>> | undefined;
  function loadStatus() {
    status ??= runJson(['status', target], STATUS);
    return status;
  }
});

describe.each(
  badDisks(
    'sparse-cut',
    'sparse-cut-inside-last-grain',
    'stream-without-footer',
    'stream-cut-inside-last-grain',
    'flat-cut',
    'wrong-magic',
    'table-outside',
    'stream-grain-outside',
    'grain-corrupt',
    'grain-bomb',
    'capacity-beyond-reason',
    'extent-path-out-of-the-folder',
  ),
)('convert of $name', ({ name, code, file, disk = 'stream', spoil }) => {
  const at = join(folder, 'convert', name);
  const input = join(at, 'disk.vmdk');
  const output = join(at, 'out.vhd');

  beforeAll(async () => {
    await cp(join(disks, disk), at, { recursive: true });
    await spoil(at, name);
  });

  it('ends with one error, its place and its remedy, and leaves no file', async () => {
    const before = await visibleFiles(at);
    const { exitCode, stdout, stderr, peakMemoryBytes } = await runMeasured(['convert', input, output]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 5, stdout: '' });
    expect(stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(new RegExp(`^error: .*${file}.*\\(${code}\\)$`)),
      expect.stringMatching(/^hint: ./),
    ]);
    expect(peakMemoryBytes).toBeLessThan(MEMORY_LIMIT);
    expect(await visibleFiles(at)).toEqual(before);
  });
});

describe.each(
  badDisks('sparse-cut-inside-last-grain', 'stream-without-footer', 'wrong-magic', 'grain-corrupt'),
)('check of $name', ({ name, code, disk = 'stream', spoil }) => {
  it('finds what convert would find', async () => {
    const at = join(folder, 'check', name);
    await cp(join(disks, disk), at, { recursive: true });
    await spoil(at, name);
    const { exitCode, stderr } = await runCli(['check', join(at, 'disk.vmdk')]);
    expect(exitCode).toBe(5);
    expect(stderr).toMatch(new RegExp(`^bad: .*disk\\.vmdk.*\\(${code}\\)$`, 'm'));
  });
});

describe('the error of a command', () => {
  it('is one JSON document where JSON is asked for', async () => {
    const input = join(folder, 'no-such-disk.vmdk');
    const { error } = await runJson(['convert', input, join(folder, 'x.vhd')], REFUSED);
    expect(error).toMatchObject({ code: 'SOURCE_NOT_FOUND', file: input });
  });
});

describe('a batch in which nothing can be converted', () => {
  it('ends with the code that says so, and the reason, when its only disk is broken', async () => {
    const at = join(folder, 'broken');
    await cp(join(disks, 'sparse'), at, { recursive: true });
    await writeExport(at, 'only', [{ href: 'disk.vmdk', capacityBytes: CAPACITY }]);
    await truncate(join(at, 'disk.vmdk'), 200_000);
    const into = join(folder, 'broken-out');
    const { exitCode, stderr } = await runCli(['run', at, '--target', into]);
    expect(exitCode).toBe(5);
    expectErrorLines(stderr, { code: 'VMDK_GRAIN_OUT_OF_RANGE', names: ['only', 'disk.vmdk'] });
    expectNoStack(stderr);
    expect(await visibleFiles(into)).toEqual(['report.html', 'report.json']);
  });

  it('ends so as well when its only descriptor cannot be read', async () => {
    const at = join(folder, 'unreadable');
    await mkdir(at);
    const descriptor = machineOvf('only', [{ href: 'disk.vmdk', capacityBytes: CAPACITY }]);
    await writeFile(join(at, 'only.ovf'), withBillionLaughs(descriptor));
    const into = join(folder, 'unreadable-out');
    const { exitCode, stderr } = await runCli(['run', at, '--target', into]);
    expect(exitCode).toBe(5);
    expectErrorLines(stderr, { code: 'OVF_MALFORMED', names: ['only.ovf'] });
    expectNoStack(stderr);
  });
});

/** A change of the disk file of an export. */
function onDisk(change: (bytes: Buffer) => Buffer): BadMachine['spoil'] {
  return async (at) => {
    const path = join(at, 'disk.vmdk');
    const changed = change(await readFile(path));
    await writeFile(`${path}.new`, changed);
    await rename(`${path}.new`, path);
  };
}

/** A change of the descriptor of an export. */
function onDescriptor(change: (text: string) => string): BadMachine['spoil'] {
  return async (at, name) => {
    const path = join(at, `${name}.ovf`);
    const text = await readFile(path, 'utf8');
    const changed = change(text);
    if (changed === text) throw new Error(`nothing to change in ${basename(path)}`);
    await writeFile(path, changed);
  };
}

function withBillionLaughs(text: string): string {
  const entities = Array.from({ length: 9 }, (_, level) => {
    return `<!ENTITY lol${level + 1} "${`&lol${level};`.repeat(10)}">`;
  });
  const doctype = `<!DOCTYPE Envelope [<!ENTITY lol0 "lol">${entities.join('')}]>`;
  return text.replace('<Envelope', `${doctype}<Envelope`).replace('<Name>', '<Name>&lol9;');
}

function patched(bytes: Buffer, offset: number, patch: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  patch.copy(changed, offset);
  return changed;
}

/** A sparse disk without its redundant tables, which would stand in for damaged ones: the header's flag is cleared. */
function withoutCopies(bytes: Buffer): Buffer {
  return patched(bytes, 8, Buffer.from([(bytes[8] ?? 0) & ~(1 << 1)]));
}

function flipped(bytes: Buffer, offset: number): Buffer {
  return patched(bytes, offset, Buffer.from([(bytes[offset] ?? 0) ^ 1]));
}

/** Text in a file that may be binary; what follows keeps its place where the lengths are equal. */
function edited(bytes: Buffer, from: string, to: string): Buffer {
  const text = bytes.toString('latin1');
  if (!text.includes(from)) throw new Error(`no ${from} to change`);
  return Buffer.from(text.replace(from, to), 'latin1');
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

/** Where the tables of a sparse extent stand, in bytes. */
function sparseTables(bytes: Buffer): { readonly directory: number; readonly table: number } {
  const directory = Number(bytes.readBigUInt64LE(56)) * 512;
  return { directory, table: bytes.readUInt32LE(directory) * 512 };
}

/** Byte offset of a grain's marker in the stream. */
function grainOffset(grain: number): number {
  const offset = stream.grainOffsets.get(grain);
  if (offset === undefined) throw new Error(`the stream has no grain ${grain}`);
  return offset;
}
