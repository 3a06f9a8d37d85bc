import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { SourceFile } from '../../../src/io/source-file.js';
import { BLOCK_BYTES } from '../../../src/model/units.js';
import {
  encodeQcow2Metadata,
  openQcow2,
  type Qcow2Image,
  type Qcow2Layout,
  qcow2BlockOffset,
  qcow2FileBytes,
} from '../../../src/qcow2/index.js';

export function openQcow2At(path: string): Promise<Qcow2Image> {
  return openQcow2(SourceFile.openWhole(path, 'QCOW2_INVALID'));
}

export function qemuImg(...args: string[]): string {
  return execFileSync('qemu-img', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Makes an image without content; `options` as `qemu-img create -o` takes them. */
export function createQcow2(path: string, bytes: number, options: string, backing?: string): void {
  const below = backing === undefined ? [] : ['-b', backing, '-F', 'raw'];
  qemuImg('create', '-q', '-f', 'qcow2', '-o', options, ...below, path, String(bytes));
}

/** Changes an image as a guest would, with the commands of `qemu-io`. */
export function qemuIo(path: string, ...commands: string[]): void {
  const args = commands.flatMap((command) => ['-c', command]);
  execFileSync('qemu-io', ['-f', 'qcow2', ...args, path], { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** What QEMU reads from an image, backing files included. */
export function qemuView(image: string): Buffer {
  const raw = `${image}.raw`;
  qemuImg('convert', '-f', 'qcow2', '-O', 'raw', image, raw);
  return readFileSync(raw);
}

/** Fails with QEMU's report unless it finds neither errors nor leaks. */
export function expectSound(image: string): void {
  qemuImg('check', '-q', '-f', 'qcow2', image);
}

/** Puts an image together of the blocks with a 1 in `stored`; `block` gives a stored block's content, which may be shorter. */
export function writeQcow2(
  path: string,
  layout: Qcow2Layout,
  stored: Uint8Array,
  block: (index: number) => Uint8Array,
): void {
  const fd = openSync(path, 'w');
  for (const { offset, bytes } of encodeQcow2Metadata(layout, stored)) {
    writeSync(fd, bytes, 0, bytes.length, offset);
  }
  const whole = Buffer.alloc(BLOCK_BYTES);
  let rank = 0;
  for (let index = stored.indexOf(1); index !== -1; index = stored.indexOf(1, index + 1)) {
    whole.fill(0);
    whole.set(block(index));
    writeSync(fd, whole, 0, whole.length, qcow2BlockOffset(layout, rank++));
  }
  ftruncateSync(fd, qcow2FileBytes(layout, stored));
  closeSync(fd);
}
