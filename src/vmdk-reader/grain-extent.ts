import type { DiskLayer, ReadBelow, ReadTools, VisitRange } from '../disk-image/index.js';
import type { ByteSource } from '../io/byte-source.js';
import { ABSENT, type GrainMap, ZEROED } from './grain-map.js';
import { type CompressedGrains, type GrainRead, readPlainGrains } from './grain-reads.js';

/** A range of a read that the extent does not hold. */
interface Gap {
  readonly at: number;
  readonly offset: number;
  length: number;
}

/** An extent that stores grains, whatever its format: the map tells where, the rest is the same for all. */
export class GrainExtent implements DiskLayer {
  readonly byteLength: number;
  readonly exactMap = true;
  readonly #file: ByteSource;
  readonly #map: GrainMap;
  readonly #compressed: CompressedGrains | null;

  constructor(file: ByteSource, map: GrainMap, compressed: CompressedGrains | null = null) {
    this.byteLength = map.byteLength;
    this.#file = file;
    this.#map = map;
    this.#compressed = compressed;
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
    const { stored, gaps } = await this.#split(target, at, offset, length);
    for (const gap of gaps) await below(target, gap.at, gap.offset, gap.length);
    if (stored.length === 0) return;
    if (this.#compressed === null) await readPlainGrains(this.#file, target, stored);
    else await this.#compressed.read(target, stored, at + length, tools);
  }

  close(): void {
    this.#file.close();
  }

  /** What of a range is stored and what is not, both ascending; zeroed grains are filled in at once. */
  async #split(
    target: Buffer,
    at: number,
    offset: number,
    length: number,
  ): Promise<{ stored: GrainRead[]; gaps: Gap[] }> {
    const { grainBytes } = this.#map;
    const end = offset + length;
    const first = Math.floor(offset / grainBytes);
    const places = await this.#map.locate(first, Math.ceil(end / grainBytes) - first);
    const stored: GrainRead[] = [];
    const gaps: Gap[] = [];
    for (const [index, grain] of places.entries()) {
      const position = (first + index) * grainBytes;
      const from = Math.max(offset, position);
      const part = Math.min(position + grainBytes, end) - from;
      const partAt = at + from - offset;
      if (grain === ZEROED) target.fill(0, partAt, partAt + part);
      else if (grain === ABSENT) {
        const last = gaps.at(-1);
        if (last !== undefined && last.offset + last.length === from) last.length += part;
        else gaps.push({ at: partAt, offset: from, length: part });
      } else stored.push({ grain, within: from - position, at: partAt, length: part, position });
    }
    return { stored, gaps };
  }
}
