import { type FileHandle, open } from 'node:fs/promises';
import { type Disk, GRAIN } from '../disk-store.js';

/** The disk that a delta is told against. */
export interface Base {
  readonly disk: Disk;
  readonly uuid: string;
}

/** Where, in steps of 2 MiB, a disk differs from another, which counts as zeros behind its end. */
export async function changedGrains(disk: Disk, file: FileHandle, base: Base): Promise<readonly number[]> {
  const below = await open(base.disk.path, 'r');
  try {
    const offsets = new Set([...disk.written(), ...base.disk.written()].map(({ offset }) => offset));
    const changed: number[] = [];
    for (const offset of [...offsets].sort((a, b) => a - b)) {
      const [ours, theirs] = [Buffer.alloc(GRAIN), Buffer.alloc(GRAIN)];
      await file.read(ours, 0, GRAIN, offset);
      await below.read(theirs, 0, GRAIN, offset);
      if (offset < disk.size && !ours.equals(theirs)) {
        changed.push(offset);
      }
    }
    return changed;
  } finally {
    await below.close();
  }
}
