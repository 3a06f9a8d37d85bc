import type { DiskLayer, ReadBelow, ReadTools, VisitRange } from '../disk-image/index.js';
import type { ByteSource } from '../io/byte-source.js';
import { ABSENT, type GrainMap, ZEROED } from './grain-map.js';
import { type CompressedGrains, type GrainRead, readPlainGrains } from './grain-reads.js';

/** A range of a read without stored grains. */
interface Gap {
  readonly at: number;
  readonly offset: number;
  length: number;
}

/** An extent that stores grains, whatever its format: the map tells where, the rest is the same for all. */
export class GrainExtent implements DiskLayer {
  readonly byteLength: number;
  /** Who compresses leaves grains of zeros out; a guest that wiped its disk has them stored. */
  readonly exactMap: boolean;
  readonly #file: ByteSource;
  readonly #map: GrainMap;
  readonly #compressed: CompressedGrains | null;

  constructor(file: ByteSource, map: GrainMap, compressed: CompressedGrains | null = null) {
    this.byteLength = map.byteLength;
    this.#file = file;
    this.#map = map;
    this.#compressed = compressed;
    this.exactMap = compressed !== null;
  }

  visitRanges(visit: VisitRange): Promise<void> {
    return this.#map.visitRanges(visit);
  }

  async read(
    target: Buffer,
    at: number,
    offset: number,
    length: number,
    tools: ReadTools,
    below: ReadBelow,
  ): Promise<void> {
    const { stored, zeroed, absent } = await this.#split(at, offset, length);
    if (this.#compressed === null) await readPlainGrains(this.#file, target, stored);
    else await this.#compressed.read(target, stored, at + length, tools);
    // Only now: an inflater may overwrite some bytes behind its grain.
    for (const gap of zeroed) target.fill(0, gap.at, gap.at + gap.length);
    for (const gap of absent) await below(target, gap.at, gap.offset, gap.length);
  }

  close(): void {
    this.#file.close();
  }

  /** What of a range is stored, zeroed and absent, each ascending. */
  async #split(
    at: number,
    offset: number,
    length: number,
  ): Promise<{ stored: GrainRead[]; zeroed: Gap[]; absent: Gap[] }> {
    const { grainBytes } = this.#map;
    const end = offset + length;
    const first = Math.floor(offset / grainBytes);
    const places = await this.#map.locate(first, Math.ceil(end / grainBytes) - first);
    const stored: GrainRead[] = [];
    const zeroed: Gap[] = [];
    const absent: Gap[] = [];
    for (const [index, grain] of places.entries()) {
      const position = (first + index) * grainBytes;
      const from = Math.max(offset, position);
      const part = Math.min(position + grainBytes, end) - from;
      const partAt = at + from - offset;
      if (grain === ZEROED) addGap(zeroed, partAt, from, part);
      else if (grain === ABSENT) addGap(absent, partAt, from, part);
      else stored.push({ grain, within: from - position, at: partAt, length: part, position });
    }
    return { stored, zeroed, absent };
  }
}

/** Makes the last gap longer where the new one continues it. */
function addGap(gaps: Gap[], at: number, offset: number, length: number): void {
  const last = gaps.at(-1);
  if (last !== undefined && last.offset + last.length === offset) last.length += length;
  else gaps.push({ at, offset, length });
}
