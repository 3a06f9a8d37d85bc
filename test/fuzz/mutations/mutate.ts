import type { InputFiles } from '../input.js';
import type { Mutation, MutationContext, Seed } from '../targets/target.js';
import * as fields from './fields.js';
import * as pieces from './pieces.js';
import * as text from './text.js';

const FIELDS: readonly Mutation[] = [
  fields.flipBit,
  fields.setByte,
  fields.setField,
  fields.setField,
  fields.setField,
  fields.shiftField,
  fields.swapFields,
  fields.copyField,
];
const PIECES: readonly Mutation[] = [
  pieces.truncate,
  pieces.extend,
  pieces.removePiece,
  pieces.duplicatePiece,
  pieces.overwritePiece,
  pieces.fillPiece,
  pieces.splice,
  pieces.junk,
];
const TEXTS: readonly Mutation[] = [
  text.duplicateLine,
  text.removeLine,
  text.moveLine,
  text.replaceNumber,
  text.replaceNumber,
  text.replaceWord,
  text.repeatWord,
  text.insertWord,
  text.insertEntity,
  text.nestDeeply,
  text.reencode,
  text.insertRun,
  text.insertBytes,
];

/** The files of `seed` with a few mutations, one of them mostly, in any of the files. */
export function mutate(seed: Seed, context: MutationContext): InputFiles {
  const { random } = context;
  const files = new Map(seed.files);
  do {
    const [name, bytes] = random.pick([...files]);
    files.set(name, pickMutation(bytes, context)(bytes, context));
  } while (random.chance(0.5));
  if (files.size > 1 && random.chance(0.02)) loseFile(files, context);
  return files;
}

function pickMutation(bytes: Buffer, { random }: MutationContext): Mutation {
  const kind = random.below(10);
  if (isText(bytes)) return random.pick(kind < 7 ? TEXTS : kind < 9 ? PIECES : FIELDS);
  return random.pick(kind < 6 ? FIELDS : kind < 9 ? PIECES : TEXTS);
}

/** One file is missing, or stands under the name of another as well. */
function loseFile(files: Map<string, Buffer>, { random }: MutationContext): void {
  const [, ...others] = files.keys();
  const name = random.pick(others);
  if (random.chance(0.5)) files.delete(name);
  else files.set(name, random.pick([...files.values()]));
}

function isText(bytes: Buffer): boolean {
  return !bytes.subarray(0, 512).includes(0);
}
