import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { execa } from 'execa';
import { createOverlay, type GuestDisk } from '../../src/guests/access/overlay.js';
import { toolEnvironment } from '../../src/guests/tools/run-tool.js';
import { fileImage } from '../../src/images/index.js';
import { MIB } from '../../src/model/units.js';

/** In CI every tool is there and tests run as root; elsewhere what lacks the rights is left out. */
export const canMount = process.env.CI !== undefined || process.getuid?.() === 0;

/** Runs one of the programs that make or judge disks. */
export async function tool(program: string, args: readonly string[], input = '') {
  return await execa(program, args, { input, reject: false, env: toolEnvironment() });
}

async function made(program: string, args: readonly string[], input = ''): Promise<void> {
  const { exitCode, stderr, stdout } = await tool(program, args, input);
  if (exitCode !== 0) throw new Error(`${program} ended with ${exitCode}: ${stderr}${stdout}`);
}

/** A sparse file of so many MiB. */
export async function emptyFile(path: string, mebibytes: number): Promise<string> {
  const file = await open(path, 'w');
  await file.truncate(mebibytes * MIB);
  await file.close();
  return path;
}

/** A file tree in a folder of the host, from text by path. */
export async function hostTree(folder: string, files: Readonly<Record<string, string>>): Promise<string> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

/** Puts an ext4 with a tree on a disk. */
export async function putExt4(
  disk: string,
  offsetMib: number,
  mebibytes: number,
  tree: string,
): Promise<void> {
  const size = `${mebibytes * 1024}k`;
  await made('mke2fs', ['-q', '-F', '-t', 'ext4', '-d', tree, '-E', `offset=${offsetMib * MIB}`, disk, size]);
}

/** Partitions a disk as sfdisk(8) is told. */
export async function partition(disk: string, script: string): Promise<void> {
  await made('sfdisk', ['-q', '--no-reread', '--no-tell-kernel', disk], script);
}

/** Makes a file system in a file of its own and puts it on a disk. */
export async function putFile(disk: string, offsetMib: number, file: string): Promise<void> {
  await made('dd', [
    `if=${file}`,
    `of=${disk}`,
    'bs=1M',
    `seek=${offsetMib}`,
    'conv=notrunc,sparse',
    'status=none',
  ]);
}

export async function makeFileSystem(program: string, args: readonly string[]): Promise<void> {
  await made(program, args);
}

/** A streamOptimized VMDK of a raw disk, under an empty overlay. */
export async function overlaidVmdk(
  raw: string,
  folder: string,
): Promise<GuestDisk & { readonly vmdk: string }> {
  const vmdk = `${raw}.vmdk`;
  await made('qemu-img', ['convert', '-O', 'vmdk', '-o', 'subformat=streamOptimized', raw, vmdk]);
  const { size } = await stat(vmdk);
  const disk = await createOverlay(fileImage('vmdk', vmdk, size), join(folder, `${Date.now()}.qcow2`));
  return { ...disk, vmdk };
}

/** The disk as it is under its overlay, as a raw file. */
export async function flattened(overlay: string, target: string): Promise<string> {
  await made('qemu-img', ['convert', '-O', 'raw', overlay, target]);
  return target;
}

export async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** Lines of the kernel's mount list that are in a folder. */
export async function mountsIn(folder: string): Promise<string[]> {
  const { stdout } = await tool('cat', ['/proc/self/mountinfo']);
  return stdout.split('\n').filter((line) => line.includes(` ${folder}/`));
}
