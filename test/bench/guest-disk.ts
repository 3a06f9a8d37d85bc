import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  opendirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { GIB, MIB, roundUp } from '../../src/model/units.js';

/** Benchmark disks are slow to make and kept between runs. */
const CACHE = join('samples', '.cache', 'bench');
const PROGRAM_BYTES = 1.75 * GIB;
const RANDOM_BYTES = 300 * MIB;
const LOG_BYTES = 150 * MIB;
const HOLE_BYTES = 64 * MIB;
const DISK_BYTES = 8 * GIB;
const FILE_SYSTEM_BLOCK = 4096;

/**
 * A disk as a guest fills it: 1.75 GiB of this machine's own programs and libraries, each file in whole 4 KiB
 * blocks, 300 MiB that do not compress, 150 MiB of log, holes between. Returns the path of the VMDK.
 */
export function guestVmdk(subformat: string): string {
  mkdirSync(CACHE, { recursive: true });
  const raw = join(CACHE, 'guest.raw');
  const vmdk = join(CACHE, `guest.${subformat}.vmdk`);
  if (!existsSync(raw)) makeRaw(raw);
  if (!existsSync(vmdk)) {
    console.error(`making ${vmdk} (once)`);
    const partial = `${vmdk}.partial`;
    execFileSync('qemu-img', [
      'convert',
      '-O',
      'vmdk',
      '-o',
      `subformat=${subformat},adapter_type=lsilogic`,
      raw,
      partial,
    ]);
    renameSync(partial, vmdk);
  }
  return vmdk;
}

export function benchFile(name: string): string {
  return join(CACHE, name);
}

function makeRaw(path: string): void {
  console.error(`making ${path} (once)`);
  const partial = `${path}.partial`;
  rmSync(partial, { force: true });
  const fd = openSync(partial, 'w');
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
  truncateSync(partial, DISK_BYTES);
  renameSync(partial, path);
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
