import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MIB } from '../../../src/model/units.js';
import type { Seed } from '../targets/target.js';
import { grain } from './content.js';

/** Built once: `qemu-img` gives each image another content id. */
const CACHE = 'samples/.cache/fuzz/seeds';
const CAPACITY = 40 * MIB;
/** Where the disk has data. */
const MARKS = [0, 21 * MIB, CAPACITY - MIB];

export interface QemuSeed {
  readonly name: string;
  /** The file that is opened. */
  readonly file: string;
  /** QEMU's name of the format. */
  readonly format: string;
  readonly options: string;
}

/** A small disk as `qemu-img` writes it. */
export function qemuSeed(seed: QemuSeed): Seed {
  const folder = join(CACHE, seed.name);
  if (!existsSync(folder)) build(seed, folder);
  const others = readdirSync(folder).filter((name) => name !== seed.file);
  const files = [seed.file, ...others.sort()].map(
    (name) => [name, readFileSync(join(folder, name))] as const,
  );
  return { name: seed.name, files: new Map(files) };
}

function build({ file, format, options }: QemuSeed, folder: string): void {
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  const raw = `${folder}.raw`;
  const disk = Buffer.alloc(CAPACITY);
  for (const offset of MARKS) grain(128, 'xenferry').copy(disk, offset);
  writeFileSync(raw, disk);
  execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', format, '-o', options, raw, join(partial, file)]);
  rmSync(raw);
  renameSync(partial, folder);
}
