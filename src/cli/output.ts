import { describeError, systemErrorCode, toXenferryError } from '../model/errors.js';
import { KIB } from '../model/units.js';
import { jsonPieces } from './json-pieces.js';

/** Characters. */
const WRITE_AT_ONCE = 256 * KIB;

/** Options every command has. */
export interface CommonOptions {
  readonly json: boolean;
  readonly verbose: boolean;
}

let ends = false;

/** Whoever reads no more (`| head`) has seen enough. */
function endWithReader(): void {
  if (ends) return;
  ends = true;
  process.stdout.on('error', (error) => {
    if (systemErrorCode(error) === 'EPIPE') process.exit();
    throw error;
  });
}

/** The result of a command that was asked for JSON: one document on standard output. */
export function printJson(value: unknown): void {
  endWithReader();
  let text = '';
  for (const piece of jsonPieces(value)) {
    text += piece;
    if (text.length < WRITE_AT_ONCE) continue;
    process.stdout.write(text);
    text = '';
  }
  process.stdout.write(`${text}\n`);
}

export function printLine(line = ''): void {
  endWithReader();
  process.stdout.write(`${line}\n`);
}

/** `1 machine`, `2 machines`. */
export function countOf(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** Everything that is not the result goes to standard error. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** One line that says what and where, one that says what to do; the stack only when asked for. */
export function printError(error: unknown, verbose: boolean): void {
  const known = toXenferryError(error);
  note(`${red('error')}: ${describeError(known)} (${known.code})`);
  note(`${bold('hint')}: ${known.hint}`);
  if (verbose || known.category === 'internal') note(known.stack ?? '');
}

/** Rows as aligned columns, the first row being the heading. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const [heading = '', ...body] = lines;
  return [bold(heading), ...body].join('\n');
}

export function bold(text: string): string {
  return paint(text, '1');
}

export function red(text: string): string {
  return paint(text, '31');
}

export function green(text: string): string {
  return paint(text, '32');
}

export function yellow(text: string): string {
  return paint(text, '33');
}

function paint(text: string, code: string): string {
  return colorful() ? `\u001b[${code}m${text}\u001b[0m` : text;
}

/** Colour only for people: a terminal, and none of the usual ways to say no (https://no-color.org). */
function colorful(): boolean {
  const { NO_COLOR, TERM } = process.env;
  if (process.argv.includes('--no-color') || (NO_COLOR ?? '') !== '' || TERM === 'dumb') return false;
  return process.stdout.isTTY === true && process.stderr.isTTY === true;
}
