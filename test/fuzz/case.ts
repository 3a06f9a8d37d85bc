import { readCorpusEntry } from './corpus.js';
import type { InputFiles } from './input.js';
import { mutate } from './mutations/mutate.js';
import { Random } from './random.js';
import { targetNamed } from './targets/index.js';
import type { FuzzTarget, Seed } from './targets/target.js';

/** One input for one target, made again from its id at any time. */
export interface FuzzCase {
  readonly target: FuzzTarget;
  readonly files: InputFiles;
  readonly wholeWay: boolean;
  /** A seed as it is, which must not be refused. */
  readonly sound: boolean;
}

/** Every so many inputs one goes through a whole conversion. */
const WHOLE_WAY_EVERY = 100;
const CORPUS = 'corpus';

/** `TARGET:SEED:NUMBER` */
export function caseId(target: string, seed: number, number: number): string {
  return `${target}:${seed}:${number}`;
}

/** The id of a kept input. */
export function corpusId(name: string): string {
  return `${CORPUS}:${name}`;
}

/** The case of an id. Throws RangeError when there is none. */
export function makeCase(id: string): FuzzCase {
  const [name = '', seedOrEntry = '', number = ''] = id.split(':');
  if (name === CORPUS) {
    const { target, wholeWay, files } = readCorpusEntry(seedOrEntry);
    return { target: targetNamed(target), files, wholeWay, sound: false };
  }
  if (!/^\d+$/.test(seedOrEntry) || !/^\d+$/.test(number)) throw new RangeError(`${id} is no input`);
  return generate(targetNamed(name), Number(seedOrEntry), Number(number));
}

/** The first inputs are the seeds as they are. */
function generate(target: FuzzTarget, seed: number, number: number): FuzzCase {
  const seeds = target.seeds();
  const wholeWay = target.converts === true && number % WHOLE_WAY_EVERY === WHOLE_WAY_EVERY - 1;
  const untouched = seeds[number];
  if (untouched !== undefined) return { target, files: untouched.files, wholeWay, sound: true };
  const random = new Random(target.name, seed, number);
  const files = mutate(random.pick(seeds), { random, donors: donorsOf(seeds) });
  return { target, files: random.chance(0.5) ? sealed(target, files) : files, wholeWay, sound: false };
}

function donorsOf(seeds: readonly Seed[]): readonly Buffer[] {
  return seeds.flatMap(({ files }) => [...files.values()]);
}

function sealed({ seal }: FuzzTarget, files: InputFiles): InputFiles {
  if (seal === undefined) return files;
  return new Map(
    [...files].map(([name, bytes]) => {
      const copy = Buffer.from(bytes);
      seal(copy);
      return [name, copy];
    }),
  );
}
