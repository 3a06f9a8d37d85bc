import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How much a disk takes at once in a repository that gives room on demand. */
export const GRAIN = 2 * 1024 * 1024;

/** What every byte of a plain volume is before somebody writes to it. */
const LEFTOVER = 0xee;

/** The content of one disk: a sparse file, and how much room it takes. */
export class Disk {
  readonly path: string;
  size: number;
  private readonly grains = new Set<number>();

  constructor(path: string, size: number) {
    this.path = path;
    this.size = size;
  }

  get allocated(): number {
    return this.grains.size * GRAIN;
  }

  /** How much more room a write would take. */
  growthFor(offset: number, length: number): number {
    let missing = 0;
    for (let grain = Math.floor(offset / GRAIN); grain * GRAIN < offset + length; grain += 1) {
      missing += this.grains.has(grain) ? 0 : 1;
    }
    return missing * GRAIN;
  }

  take(offset: number, length: number): void {
    for (let grain = Math.floor(offset / GRAIN); grain * GRAIN < offset + length; grain += 1) {
      this.grains.add(grain);
    }
  }

  /** The parts that were ever written, in order. */
  *written(): Generator<{ readonly offset: number; readonly length: number }> {
    for (const grain of [...this.grains].sort((a, b) => a - b)) {
      yield { offset: grain * GRAIN, length: Math.min(GRAIN, this.size - grain * GRAIN) };
    }
  }
}

/** Where the disks' content lies: a folder of its own, gone when the pool closes. */
export class DiskStore {
  private readonly disks = new Map<string, Disk>();
  private readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<DiskStore> {
    return new DiskStore(await mkdtemp(join(tmpdir(), 'xenferry-pool-')));
  }

  /** Gives a new disk its content: zeros, or what a plain volume held before. */
  async add(ref: string, uuid: string, size: number, leftovers = false): Promise<Disk> {
    const disk = new Disk(join(this.folder, `${uuid}.img`), size);
    const file = await open(disk.path, 'w');
    await file.truncate(size);
    if (leftovers) {
      disk.take(0, size);
      for (const { offset, length } of disk.written()) {
        await file.write(Buffer.alloc(length, LEFTOVER), 0, length, offset);
      }
    }
    await file.close();
    this.disks.set(ref, disk);
    return disk;
  }

  get(ref: string): Disk | undefined {
    return this.disks.get(ref);
  }

  async resize(ref: string, size: number): Promise<void> {
    const disk = this.disks.get(ref);
    if (disk !== undefined) {
      const file = await open(disk.path, 'r+');
      await file.truncate(size);
      await file.close();
      disk.size = size;
    }
  }

  /** Gives a disk, of this store or of another pool's, the content of one of this store's. */
  async copy(from: string, target: Disk): Promise<void> {
    const source = this.disks.get(from);
    if (source === undefined) {
      return;
    }
    const reading = await open(source.path, 'r');
    const writing = await open(target.path, 'r+');
    const buffer = Buffer.alloc(GRAIN);
    for (const { offset, length } of source.written()) {
      const { bytesRead } = await reading.read(buffer, 0, Math.min(length, target.size - offset), offset);
      await writing.write(buffer, 0, bytesRead, offset);
      target.take(offset, bytesRead);
    }
    await reading.close();
    await writing.close();
  }

  async remove(ref: string): Promise<void> {
    const disk = this.disks.get(ref);
    this.disks.delete(ref);
    if (disk !== undefined) {
      await rm(disk.path, { force: true });
    }
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
