import type { FuzzInput, InputFiles } from '../input.js';
import type { Random } from '../random.js';

/** A sound input, from which others are made. */
export interface Seed {
  readonly name: string;
  readonly files: InputFiles;
}

/** A parser under test. */
export interface FuzzTarget {
  /** Letters, digits and hyphens. */
  readonly name: string;
  readonly seeds: () => readonly Seed[];
  /** Does with an input what the program would. Rejects with what the program throws. */
  readonly run: (input: FuzzInput) => Promise<void>;
  /** Renews the checksums of a mutated file, so that what is behind them is reached; on half of the inputs. */
  readonly seal?: (bytes: Buffer) => void;
  /** Whether some inputs go through a whole conversion. */
  readonly converts?: boolean;
}

/** Where a mutation gets its choices and foreign bytes from. */
export interface MutationContext {
  readonly random: Random;
  /** Files of all seeds of the target. */
  readonly donors: readonly Buffer[];
}

/** Makes another file of one; never changes the one given. */
export type Mutation = (bytes: Buffer, context: MutationContext) => Buffer;
