import type { DiskImage, ReadBelow, ReadTools, VisitRange } from '../disk-image/index.js';
import { type ByteSource, readBytes } from '../io/byte-source.js';
import { SECTOR_BYTES } from '../model/units.js';
import { isOwnFooter, type VhdFooter } from './footer.js';
import { UNUSED_BAT_ENTRY } from './layout.js';
import { bitmapBytes, type VhdTables } from './tables.js';

/** A part of a read that lies in one piece: in the file at byte `place`, or nowhere in it. */
interface Run {
  readonly offset: number;
  length: number;
  readonly place: number | null;
}

/** A dynamic or differencing disk by itself: what it does not hold is zeros, or the parent's. */
export class SparseVhdImage implements DiskImage {
  readonly format = 'vhd';
  readonly files: readonly string[];
  readonly notes: readonly string[];
  readonly byteLength: number;
  /** Others store blocks of zeros; we do in a differencing disk only. */
  readonly exactMap: boolean;
  readonly #file: ByteSource;
  readonly #bat: Uint32Array;
  readonly #blockBytes: number;

  constructor(file: ByteSource, footer: VhdFooter, { header, bat }: VhdTables, notes: readonly string[]) {
    this.files = [file.path];
    this.notes = notes;
    this.byteLength = footer.virtualBytes;
    this.exactMap = footer.kind === 'dynamic' && isOwnFooter(footer);
    this.#file = file;
    this.#bat = bat;
    this.#blockBytes = header.blockBytes;
  }

  /** Whole blocks; which of their sectors are there is looked up when they are read. */
  async visitRanges(visit: VisitRange): Promise<void> {
    for (const [block, sector] of this.#bat.entries()) {
      if (sector === UNUSED_BAT_ENTRY) continue;
      const start = block * this.#blockBytes;
      visit(start, Math.min(start + this.#blockBytes, this.byteLength), 'data');
    }
  }

  async read(
    target: Buffer,
    at: number,
    offset: number,
    length: number,
    _tools: ReadTools,
    below: ReadBelow,
  ): Promise<void> {
    for (const run of await this.#runs(offset, offset + length)) {
      const into = at + run.offset - offset;
      if (run.place === null) await below(target, into, run.offset, run.length);
      else await this.#file.read(target, into, run.length, run.place);
    }
  }

  close(): void {
    this.#file.close();
  }

  /** The pieces of `[start, end)`, ascending. */
  async #runs(start: number, end: number): Promise<Run[]> {
    const runs: Run[] = [];
    for (let offset = start; offset < end; ) {
      const block = Math.floor(offset / this.#blockBytes);
      const stop = Math.min(end, (block + 1) * this.#blockBytes);
      const sector = this.#bat[block] ?? UNUSED_BAT_ENTRY;
      if (sector === UNUSED_BAT_ENTRY) append(runs, { offset, length: stop - offset, place: null });
      else await this.#addStored(runs, sector * SECTOR_BYTES, block * this.#blockBytes, offset, stop);
      offset = stop;
    }
    return runs;
  }

  /** Adds the pieces of a stored block whose bitmap is at byte `place` of the file; `base` is where it begins. */
  async #addStored(runs: Run[], place: number, base: number, start: number, end: number): Promise<void> {
    const data = place + bitmapBytes(this.#blockBytes);
    const first = Math.floor((start - base) / SECTOR_BYTES);
    const last = Math.ceil((end - base) / SECTOR_BYTES);
    const firstByte = first >> 3;
    const bitmap = await readBytes(this.#file, place + firstByte, ((last + 7) >> 3) - firstByte);
    for (let sector = first; sector < last; sector++) {
      const offset = Math.max(start, base + sector * SECTOR_BYTES);
      const length = Math.min(end, base + (sector + 1) * SECTOR_BYTES) - offset;
      const present = ((bitmap[(sector >> 3) - firstByte] ?? 0) & (0x80 >> (sector & 7))) !== 0;
      append(runs, { offset, length, place: present ? data + offset - base : null });
    }
  }
}

/** Adds a run, or makes the last one longer where the new one follows it in the file too. */
function append(runs: Run[], run: Run): void {
  const last = runs.at(-1);
  const follows = last !== undefined && run.place === (last.place === null ? null : last.place + last.length);
  if (follows) last.length += run.length;
  else runs.push(run);
}
