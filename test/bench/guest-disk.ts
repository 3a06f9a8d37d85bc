import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  opendirSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { GIB, MIB, roundUp, SECTOR_BYTES } from '../../src/model/units.js';

/** Benchmark disks are slow to make and kept between runs. */
const CACHE = join('samples', '.cache', 'bench');
const PROGRAM_BYTES = 1.75 * GIB;
const RANDOM_BYTES = 300 * MIB;
const LOG_BYTES = 150 * MIB;
const HOLE_BYTES = 64 * MIB;
const DISK_BYTES = 8 * GIB;
const THIN_BYTES = 1024 * GIB;
const FILE_SYSTEM_BLOCK = 4096;
const PIECE_BYTES = 2 * MIB;

/**
 * A disk as a guest fills it: 1.75 GiB of this machine's own programs and libraries, each file in whole 4 KiB
 * blocks, 300 MiB that do not compress, 150 MiB of log, holes between. Returns the path of the VMDK.
 */
export function guestVmdk(subformat: string): string {
  return kept(`guest.${subformat}.vmdk`, (path) => toVmdk(guestRaw(), path, subformat));
}

/** Data that does not compress, in a compressed format. */
export function incompressibleVmdk(): string {
  const raw = kept('incompressible.raw', (path) => {
    const fd = openSync(path, 'w');
    for (let done = 0; done < GIB; done += MIB) writeSync(fd, randomBytes(MIB));
    closeSync(fd);
  });
  return kept('incompressible.vmdk', (path) => toVmdk(raw, path, 'streamOptimized'));
}

/** The guest's streamOptimized disk as the second member of an OVA, and how QEMU reads it there. */
export function guestOva(): { readonly member: string; readonly qemuName: string } {
  const vmdk = guestVmdk('streamOptimized');
  const descriptor = kept('guest.ovf', (path) => writeFileSync(path, '<Envelope/>'));
  const ova = kept('guest.ova', (path) => {
    const names = [descriptor, vmdk].map((file) => file.slice(CACHE.length + 1));
    execFileSync('tar', ['--format=ustar', '-C', CACHE, '-cf', path, ...names]);
  });
  const offset = 2 * SECTOR_BYTES + SECTOR_BYTES;
  const file = { driver: 'raw', offset, size: statSync(vmdk).size, file: { driver: 'file', filename: ova } };
  const qemuName = `json:${JSON.stringify({ driver: 'vmdk', file })}`;
  return { member: join(ova, vmdk.slice(CACHE.length + 1)), qemuName };
}

/** 1 GiB of the guest's data as a flat disk of its own, and scattered over one of 1 TiB. */
export function thinDisks(): { readonly alone: string; readonly scattered: string } {
  return {
    alone: flatVmdk('alone', GIB, PIECE_BYTES),
    scattered: flatVmdk('scattered', THIN_BYTES, 1024 * PIECE_BYTES),
  };
}

export function benchFile(name: string): string {
  return join(CACHE, name);
}

/** Bytes of the guest's disk that hold data. */
export function guestRaw(): string {
  return kept('guest.raw', makeRaw);
}

function flatVmdk(name: string, capacity: number, step: number): string {
  const guest = guestRaw();
  kept(`${name}-flat.vmdk`, (path) => {
    const from = openSync(guest, 'r');
    const to = openSync(path, 'w');
    const piece = Buffer.alloc(PIECE_BYTES);
    for (let index = 0; index < GIB / PIECE_BYTES; index++) {
      readSync(from, piece, 0, PIECE_BYTES, MIB + index * PIECE_BYTES);
      writeSync(to, piece, 0, PIECE_BYTES, index * step);
    }
    closeSync(from);
    closeSync(to);
    truncateSync(path, capacity);
  });
  return kept(`${name}.vmdk`, (path) =>
    writeFileSync(
      path,
      [
        '# Disk DescriptorFile',
        'version=1',
        'CID=12345678',
        'parentCID=ffffffff',
        'createType="monolithicFlat"',
        `RW ${capacity / SECTOR_BYTES} FLAT "${name}-flat.vmdk" 0`,
        '',
      ].join('\n'),
    ),
  );
}

function toVmdk(raw: string, vmdk: string, subformat: string): void {
  const options = `subformat=${subformat},adapter_type=lsilogic`;
  execFileSync('qemu-img', ['convert', '-O', 'vmdk', '-o', options, raw, vmdk]);
}

/** The file's path, after `make` has made it if it was not there. Split disks keep the names they were made with. */
function kept(name: string, make: (path: string) => void): string {
  mkdirSync(CACHE, { recursive: true });
  const path = join(CACHE, name);
  const stamp = `${path}.done`;
  if (existsSync(stamp)) return path;
  console.error(`making ${path} (once)`);
  rmSync(path, { force: true });
  make(path);
  writeFileSync(stamp, '');
  return path;
}

function makeRaw(path: string): void {
  const fd = openSync(path, 'w');
  let offset = MIB;
  const append = (bytes: Buffer) => {
    writeSync(fd, bytes, 0, bytes.length, offset);
    offset += roundUp(bytes.length, FILE_SYSTEM_BLOCK);
  };
  const programsEnd = offset + PROGRAM_BYTES;
  while (offset < programsEnd)
    for (const file of filesBelow('/usr', () => offset >= programsEnd)) append(readFileSync(file));
  offset = roundUp(offset, MIB) + HOLE_BYTES;
  for (let done = 0; done < RANDOM_BYTES; done += MIB) append(randomBytes(MIB));
  offset += HOLE_BYTES;
  for (let line = 0, end = offset + LOG_BYTES; offset < end; ) append(logPage(line++));
  closeSync(fd);
  truncateSync(path, DISK_BYTES);
}

function* filesBelow(folder: string, enough: () => boolean): Generator<string> {
  const directory = opendirSync(folder);
  try {
    for (let entry = directory.readSync(); entry !== null && !enough(); entry = directory.readSync()) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) yield* filesBelow(path, enough);
      else if (entry.isFile() && statSync(path).size > 0) yield path;
    }
  } finally {
    directory.closeSync();
  }
}

function logPage(page: number): Buffer {
  let text = '';
  for (let line = 0; text.length < 256 * 1024; line++) {
    const at = new Date(1_700_000_000_000 + (page * 4096 + line) * 977).toISOString();
    text += `${at} host${(page * line) % 97} daemon[${(line * 31) % 32768}]: request ${page}-${line} served in ${(line * page) % 1009} ms\n`;
  }
  return Buffer.from(text);
}
