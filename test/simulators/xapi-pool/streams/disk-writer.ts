import { type FileHandle, open } from 'node:fs/promises';
import type { Row } from '../database.js';
import type { Disk } from '../disk-store.js';
import type { PoolState } from '../pool-state.js';
import { makeRoom } from '../repository.js';

/** Writes into an attached disk; throws past its end and when the repository is full. */
export class DiskWriter {
  private readonly state: PoolState;
  private readonly vdi: Row;
  private readonly disk: Disk;
  private readonly file: FileHandle;

  private constructor(state: PoolState, vdi: Row, disk: Disk, file: FileHandle) {
    this.state = state;
    this.vdi = vdi;
    this.disk = disk;
    this.file = file;
  }

  static async open(state: PoolState, vdi: Row): Promise<DiskWriter> {
    const disk = state.disks.get(vdi.ref);
    if (disk === undefined) {
      throw new Error('a disk without content');
    }
    return new DiskWriter(state, vdi, disk, await open(disk.path, 'r+'));
  }

  get size(): number {
    return this.disk.size;
  }

  async write(offset: number, bytes: Buffer): Promise<void> {
    if (offset + bytes.length > this.disk.size) {
      throw new Error('past the end of the device');
    }
    if (bytes.length > 0) {
      makeRoom(this.state, this.vdi, this.disk, offset, bytes.length);
      await this.file.write(bytes, 0, bytes.length, offset);
    }
  }

  async close(): Promise<void> {
    await this.file.close();
  }
}
