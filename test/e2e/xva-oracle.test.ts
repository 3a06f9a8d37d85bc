import { mkdtempSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { MIB } from '../../src/model/units.js';
import { CHECKED } from '../support/cli-documents.js';
import { makeVmdk, noise } from '../support/disk-maker.js';
import { writeExport } from '../support/export-maker.js';
import { expectGoodXva, judgeXva } from '../support/oracles.js';
import { runCli } from '../support/run-cli.js';
import { tempFiles } from '../support/temp-files.js';

/** A judge that lets everything pass proves nothing: each of these archives is broken in one way. */

const RECORD = 512;
const DISK_BYTES = 4 * MIB;

interface Member {
  readonly name: string;
  /** Header, content and padding. */
  readonly bytes: Buffer;
}

interface Archive {
  readonly ova: Member;
  /** Chunks and checksums of the first disk, then of the second. */
  readonly first: readonly Member[];
  readonly second: readonly Member[];
}

interface Damage {
  readonly title: string;
  /** What the judge must say. */
  readonly finding: RegExp;
  readonly break: (archive: Archive) => readonly Member[];
  readonly checksum?: 'xxhash';
  /** Our own checker judges the archive, not what the metadata says of the machine. */
  readonly onlyOracle?: true;
}

const DAMAGES: readonly Damage[] = [
  {
    title: 'the last chunk of the first disk is missing',
    finding: /last chunk is missing/,
    break: ({ ova, first, second }) => [ova, ...first.slice(0, -2), ...second],
  },
  {
    title: 'the last chunk of all is missing',
    finding: /ends before the last chunk/,
    break: ({ ova, first, second }) => [ova, ...first, ...second.slice(0, -2)],
  },
  {
    title: 'the first chunk is missing',
    finding: /first chunk is number 1/,
    break: ({ ova, first, second }) => [ova, ...first.slice(2), ...second],
  },
  {
    title: 'a bit of a chunk is wrong',
    finding: /the checksum of .*\/00000002 is /,
    break: ({ ova, first, second }) => [ova, ...replaced(first, 4, RECORD + 1000, 'x'), ...second],
  },
  {
    title: 'a checksum is wrong',
    finding: /the checksum of .*\/00000001 is /,
    break: ({ ova, first, second }) => [ova, ...replaced(first, 3, RECORD, '0'.repeat(40)), ...second],
  },
  {
    title: 'a checksum is missing',
    finding: /where the checksum of .* should stand/,
    break: ({ ova, first, second }) => [ova, ...first.filter((_, index) => index !== 3), ...second],
  },
  {
    title: 'the disks are swapped',
    finding: /wrong order/,
    break: ({ ova, first, second }) => [ova, ...second, ...first],
  },
  {
    title: 'two chunks are swapped',
    finding: /chunk 1 after chunk 2/,
    break: ({ ova, first, second }) => [
      ova,
      ...first.slice(0, 2),
      ...first.slice(4, 6),
      ...first.slice(2, 4),
      ...first.slice(6),
      ...second,
    ],
  },
  {
    title: 'ova.xml does not come first',
    finding: /first member is Ref:/,
    break: ({ ova, first, second }) => [...first, ova, ...second],
  },
  {
    title: 'something stands behind the disks',
    finding: /unexpected member .* after the last disk/,
    break: ({ ova, first, second }) => [ova, ...first, ...second, ...first],
  },
  {
    title: 'XXH64 checksums have lower-case digits',
    finding: /the checksum of .* is [0-9A-F]{16}, the archive says /,
    checksum: 'xxhash',
    break: ({ ova, first, second }) => [
      ova,
      ...first.map((member) =>
        member.name.endsWith('.xxhash') ? withContent(member, contentOf(member).toLowerCase()) : member,
      ),
      ...second,
    ],
  },
  {
    title: 'a mandatory field is missing',
    finding: /VM Ref:\d+ lacks memory_dynamic_max/,
    onlyOracle: true,
    // The name of a field nobody asks for, of the same length.
    break: ({ ova, first, second }) => [
      edited(ova, 'memory_dynamic_max', 'memory_dynamic_mux'),
      ...first,
      ...second,
    ],
  },
  {
    title: 'a reference leads nowhere',
    finding: /VBD Ref:\d+\.VDI: Ref:99999 is not in the archive/,
    onlyOracle: true,
    break: ({ ova, first, second }) => [
      edited(ova, /(?<=<name>VDI<\/name><value>)Ref:\d+/, 'Ref:99999'),
      ...first,
      ...second,
    ],
  },
  {
    title: 'a boolean is not written as 0 or 1',
    finding: /the boolean 't' is neither 0 nor 1/,
    onlyOracle: true,
    break: ({ ova, first, second }) => [edited(ova, '<boolean>1', '<boolean>t'), ...first, ...second],
  },
];

const { folder } = tempFiles();
const archives = { sha1: join(folder, 'sha1', 'pair.xva'), xxhash: join(folder, 'xxhash', 'pair.xva') };

beforeAll(async () => {
  const source = join(folder, 'source');
  await writeExport(source, 'pair', [
    { href: 'a.vmdk', capacityBytes: DISK_BYTES },
    { href: 'b.vmdk', capacityBytes: DISK_BYTES },
  ]);
  for (const [seed, name] of ['a', 'b'].entries()) {
    await writeFile(join(folder, `${name}.raw`), noise(seed, DISK_BYTES));
    await makeVmdk(join(folder, `${name}.raw`), join(source, `${name}.vmdk`), 'monolithicSparse');
  }
  for (const checksum of ['sha1', 'xxhash']) {
    const args = ['run', source, '--target', join(folder, checksum), '--checksum', checksum];
    expect(await runCli(args)).toMatchObject({ exitCode: 0 });
  }
});

it.each([
  'sha1',
  'xxhash',
] as const)('an archive with %s checksums is good before it is broken', async (kind) => {
  await expectGoodXva(archives[kind]);
});

describe.each(DAMAGES)('an archive in which $title', ({ finding, break: damage, checksum, onlyOracle }) => {
  const broken = join(mkdtempSync(join(folder, 'broken-')), 'broken.xva');

  beforeAll(async () => {
    const archive = takeApart(await readFile(archives[checksum ?? 'sha1']));
    const members = damage(archive).map(({ bytes }) => bytes);
    await writeFile(broken, Buffer.concat([...members, Buffer.alloc(2 * RECORD)]));
  });

  it('is refused by the judge, who says why', async () => {
    const verdict = await judgeXva(broken);
    expect(verdict.good).toBe(false);
    expect(verdict.findings.join('\n')).toMatch(finding);
  });

  it.skipIf(onlyOracle)('is refused by our own checker', async () => {
    const { exitCode, stdout } = await runCli(['check', broken, '--json']);
    expect(CHECKED.parse(JSON.parse(stdout)).findings).toHaveLength(1);
    expect(exitCode).toBe(5);
  });
});

it.each([
  ['in its first header', () => 100],
  ['in the middle', (length: number) => length >> 1],
  ['before its last checksum', (length: number) => length - 4 * RECORD],
  ['in its last record', (length: number) => length - 2 * RECORD - 1],
])('an archive that was cut off %s is refused by both', async (_, endOf) => {
  const whole = await readFile(archives.sha1);
  const cut = join(mkdtempSync(join(folder, 'cut-')), 'cut.xva');
  await writeFile(cut, whole.subarray(0, endOf(whole.length)));
  expect((await judgeXva(cut)).good).toBe(false);
  expect((await runCli(['check', cut])).exitCode).toBe(5);
});

function takeApart(bytes: Buffer): Archive {
  const members: Member[] = [];
  for (let at = 0; bytes[at] !== 0; ) {
    const size = Number.parseInt(bytes.toString('latin1', at + 124, at + 135), 8);
    const end = at + RECORD + Math.ceil(size / RECORD) * RECORD;
    members.push({
      name: bytes.toString('latin1', at, at + 100).replace(/\0.*$/s, ''),
      bytes: bytes.subarray(at, end),
    });
    at = end;
  }
  const [ova, ...chunks] = members;
  if (ova === undefined) throw new Error('the archive is empty');
  const half = chunks.length / 2;
  return { ova, first: chunks.slice(0, half), second: chunks.slice(half) };
}

function contentOf({ bytes }: Member): string {
  return bytes.toString('latin1', RECORD).replace(/\0+$/, '');
}

/** The member with other text of the same length. */
function withContent({ name, bytes }: Member, text: string): Member {
  const changed = Buffer.from(bytes);
  changed.write(text, RECORD, 'latin1');
  return { name, bytes: changed };
}

function edited(member: Member, from: string | RegExp, to: string): Member {
  const text = contentOf(member);
  const changed = text.replace(from, to);
  if (changed === text || changed.length !== text.length) throw new Error(`cannot put ${to} for ${from}`);
  return withContent(member, changed);
}

function replaced(members: readonly Member[], index: number, at: number, text: string): Member[] {
  return members.map((member, position) => {
    if (position !== index) return member;
    const changed = Buffer.from(member.bytes);
    changed.write(text, at, 'latin1');
    return { name: member.name, bytes: changed };
  });
}
