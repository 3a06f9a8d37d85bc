import fc from 'fast-check';
import { noise } from '../../support/disk-maker.js';

/** What a disk's extent holds of a grain: bytes, or an entry that says "zeros". */
export type RandomGrains = ReadonlyMap<number, Buffer | 'zeros'>;

export interface RandomExtent {
  readonly capacitySectors: number;
  readonly grainSectors: number;
  readonly grains: RandomGrains;
}

/** A grain of bytes that depend on `seed`; every third does not deflate. */
function grainBytes(seed: number, length: number): Buffer {
  return seed % 3 === 0 ? noise(seed, length) : Buffer.alloc(length, `grain ${seed} `);
}

/** An extent of up to `maxSectors`, its grains in any order; `zeros` says whether some are zeroed. */
export function randomExtent(
  grainSizes: readonly number[],
  { maxSectors, zeros }: { readonly maxSectors: number; readonly zeros: boolean },
): fc.Arbitrary<RandomExtent> {
  return fc
    .record({
      capacitySectors: fc.integer({ min: 1, max: maxSectors }),
      grainSectors: fc.constantFrom(...grainSizes),
    })
    .chain(({ capacitySectors, grainSectors }) => {
      const grain = fc.nat({ max: Math.ceil(capacitySectors / grainSectors) - 1 });
      const content = fc.nat({ max: 1000 }).map((seed) => grainBytes(seed, grainSectors * 512));
      const anything = zeros ? fc.oneof(content, content, fc.constant('zeros' as const)) : content;
      return fc
        .uniqueArray(fc.tuple(grain, anything), { selector: ([number]) => number, maxLength: 40 })
        .map((pairs) => ({
          capacitySectors,
          grainSectors,
          grains: new Map<number, Buffer | 'zeros'>(pairs),
        }));
    });
}

/** What `extent` makes of the bytes below it, which are taken for zeros where they end. */
export function modelOf({ capacitySectors, grainSectors, grains }: RandomExtent, below = Buffer.alloc(0)) {
  const model = Buffer.alloc(capacitySectors * 512);
  below.copy(model);
  for (const [number, content] of grains) {
    const start = number * grainSectors * 512;
    if (content === 'zeros') model.subarray(start, start + grainSectors * 512).fill(0);
    else content.copy(model, start);
  }
  return model;
}
