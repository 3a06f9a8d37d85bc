import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import type { FileRange } from '../../../src/model/virtual-machine.js';

/** All bytes of an image as QEMU reads it. */
export function asQemuReads(path: string): Buffer {
  const raw = `${path}.raw`;
  execFileSync('qemu-img', ['convert', '-f', 'vmdk', '-O', 'raw', path, raw]);
  return readFileSync(raw);
}

/** A new VMDK; each of `options` as `-o` takes it. */
export function qemuCreate(path: string, size: string, ...options: readonly string[]): void {
  const set = options.flatMap((option) => ['-o', option]);
  execFileSync('qemu-img', ['create', '-q', '-f', 'vmdk', ...set, path, size]);
}

/** Runs qemu-io commands (`write -P 7 0 64k`) on a VMDK. */
export function qemuIo(path: string, ...commands: readonly string[]): void {
  execFileSync('qemu-io', ['-f', 'vmdk', ...commands.flatMap((command) => ['-c', command]), path]);
}

/** A file that something else wrote. */
export function wholeFile(path: string): FileRange {
  return { path, offset: 0, length: statSync(path).size };
}
