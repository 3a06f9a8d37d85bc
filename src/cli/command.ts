import type { ArgumentsCamelCase, Argv } from 'yargs';
import type { CommonOptions } from './output.js';

/** One command: its options, and what it does. */
export interface Command<Options extends CommonOptions> {
  readonly builder: (args: Argv<CommonOptions>) => Argv<Options>;
  readonly handler: (options: ArgumentsCamelCase<Options>) => Promise<void>;
}
