import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Values by name: a number is a DWORD, a text REG_SZ, a list REG_MULTI_SZ, bytes REG_BINARY. */
export type HiveValues = Readonly<Record<string, number | string | readonly string[] | Buffer | Expand>>;
/** Keys by path. */
export type HiveTree = Readonly<Record<string, HiveValues>>;
interface Expand {
  readonly expand: string;
}

export function expand(text: string): Expand {
  return { expand: text };
}

const PREFIX = 'HKEY_LOCAL_MACHINE\\TEST';

/** A hive that hivexregedit filled: none of our own code has written a key of it. */
export function makeHive(tree: HiveTree): Buffer {
  return inFolder((folder) => {
    const path = join(folder, 'hive');
    writeFileSync(path, emptyHive());
    writeFileSync(`${path}.reg`, regText(tree));
    execFileSync('hivexregedit', ['--merge', '--prefix', PREFIX, path, `${path}.reg`]);
    return readFileSync(path);
  });
}

/** What hivexregedit reads in a hive: values by key and name, as it spells them; default values are `@`. */
export function exportHive(bytes: Buffer, key = '\\'): Record<string, Record<string, string>> {
  return inFolder((folder) => {
    const path = join(folder, 'hive');
    writeFileSync(path, bytes);
    const text = execFileSync('hivexregedit', ['--export', '--unsafe-printable-strings', path, key], {
      maxBuffer: 256 * 1024 * 1024,
      // Else it prints what is in Latin-1 in that, and the rest in UTF-8.
      env: { ...process.env, PERL_UNICODE: 'SO' },
    }).toString();
    const found: Record<string, Record<string, string>> = {};
    let values: Record<string, string> = {};
    for (const line of text.split(/\r?\n/)) {
      const header = /^\[\\?(.*)\]$/.exec(line)?.[1];
      if (header !== undefined) {
        values = {};
        found[header] = values;
      }
      const value = /^(?:"((?:[^"\\]|\\.)*)"|(@))=(.*)$/.exec(line);
      if (value !== null) values[(value[1] ?? value[2] ?? '').replace(/\\(.)/g, '$1')] = value[3] ?? '';
    }
    return found;
  });
}

function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'xenferry-hive-'));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** hivexregedit wants every key above another one to be listed before it. */
function regText(tree: HiveTree): string {
  const keys = new Map<string, HiveValues>();
  for (const [path, values] of Object.entries(tree)) {
    const names = path.split('\\');
    for (let depth = 1; depth < names.length; depth += 1) {
      const above = names.slice(0, depth).join('\\');
      if (!keys.has(above)) keys.set(above, tree[above] ?? {});
    }
    keys.set(path, values);
  }
  const blocks = [...keys].map(([path, values]) => {
    const lines = Object.entries(values).map(
      ([name, value]) =>
        `${name === '' ? '@' : `"${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`}=${spelled(value)}`,
    );
    return `[${PREFIX}\\${path}]\n${lines.join('\n')}\n`;
  });
  return `Windows Registry Editor Version 5.00\n\n${blocks.join('\n')}`;
}

function spelled(value: HiveValues[string]): string {
  if (typeof value === 'number') return `dword:${value.toString(16).padStart(8, '0')}`;
  if (typeof value === 'string') return hex(1, Buffer.from(`${value}\0`, 'utf16le'));
  if (Buffer.isBuffer(value)) return hex(3, value);
  if ('expand' in value) return hex(2, Buffer.from(`${value.expand}\0`, 'utf16le'));
  return hex(7, Buffer.from(`${value.map((text) => `${text}\0`).join('')}\0`, 'utf16le'));
}

function hex(type: number, bytes: Buffer): string {
  return `hex(${type}):${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(',')}`;
}

/** A root key and its rights (system and administrators: all) in one bin of a page. */
function emptyHive(): Buffer {
  const rights = Buffer.from(
    '010004801400000024000000000000003400000001020000000000052000000020020000010200000000000520000000200200000200340002000000' +
      '000214003f000f00010100000000000512000000000218003f000f0001020000000000052000000020020000',
    'hex',
  );
  const root = Buffer.alloc(76 + 4);
  root.write('nk');
  root.writeUInt16LE(0x2c, 2);
  for (const at of [16, 28, 32, 40, 48]) root.writeUInt32LE(0xffff_ffff, at);
  root.writeUInt16LE(4, 72);
  root.write('ROOT', 76);
  const rightsAt = 32 + cellBytes(root.length);
  root.writeUInt32LE(rightsAt, 44);
  const security = Buffer.alloc(20);
  security.write('sk');
  security.writeUInt32LE(rightsAt, 4);
  security.writeUInt32LE(rightsAt, 8);
  security.writeUInt32LE(1, 12);
  security.writeUInt32LE(rights.length, 16);
  const hive = Buffer.alloc(8192);
  hive.write('regf');
  hive.writeUInt32LE(1, 4);
  hive.writeUInt32LE(1, 8);
  hive.writeUInt32LE(1, 20);
  hive.writeUInt32LE(5, 24);
  hive.writeUInt32LE(1, 32);
  hive.writeUInt32LE(32, 36);
  hive.writeUInt32LE(4096, 40);
  hive.writeUInt32LE(1, 44);
  hive.write('hbin', 4096);
  hive.writeUInt32LE(4096, 4096 + 8);
  let at = 4096 + 32;
  for (const content of [root, Buffer.concat([security, rights])]) {
    hive.writeInt32LE(-cellBytes(content.length), at);
    content.copy(hive, at + 4);
    at += cellBytes(content.length);
  }
  hive.writeInt32LE(8192 - at, at);
  return withChecksum(hive);
}

/** For tests that damage a hive on purpose behind a checksum that fits. */
export function withChecksum(hive: Buffer): Buffer {
  let sum = 0;
  for (let at = 0; at < 508; at += 4) sum ^= hive.readInt32LE(at);
  hive.writeInt32LE(sum, 508);
  return hive;
}

function cellBytes(content: number): number {
  return Math.ceil((content + 4) / 8) * 8;
}
