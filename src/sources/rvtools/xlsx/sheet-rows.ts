import { XenferryError } from '../../../model/errors.js';
import { type Cell, MAX_COLUMNS, type TakeRow } from '../cells.js';
import { unescapedText } from './shared-strings.js';
import { readXml, type XmlAttributes } from './xml-events.js';
import type { ZipPackage } from './zip-package.js';

/**
 * Gives the rows of a sheet (ECMA-376 part 1, 18.3). Of a formula only the value that was stored with it counts;
 * nothing is computed. Throws RVTOOLS_MALFORMED or RVTOOLS_TOO_LARGE.
 */
export async function readSheetRows(
  zip: ZipPackage,
  { name, file }: { readonly name: string; readonly file: string },
  strings: readonly string[],
  take: TakeRow,
): Promise<void> {
  const rows = new RowBuilder(strings, file, take);
  await readXml(zip, { name, file }, rows);
}

/** Puts a sheet's events together to rows. */
class RowBuilder {
  readonly #strings: readonly string[];
  readonly #file: string;
  readonly #take: TakeRow;
  #cells: Cell[] = [];
  #row = 0;
  #column = -1;
  #type = '';
  #text = '';
  #inValue = false;
  #inHint = false;

  constructor(strings: readonly string[], file: string, take: TakeRow) {
    this.#strings = strings;
    this.#file = file;
    this.#take = take;
  }

  readonly open = (name: string, attributes: XmlAttributes): void => {
    if (name === 'c') this.#openCell(attributes);
    else if (name === 'v' || name === 't') this.#inValue = !this.#inHint;
    else if (name === 'rPh') this.#inHint = true;
    else if (name === 'row') this.#openRow(attributes);
  };

  readonly text = (text: string): void => {
    if (this.#inValue) this.#text += text;
  };

  readonly close = (name: string): void => {
    if (name === 'c') this.#closeCell();
    else if (name === 'v' || name === 't') this.#inValue = false;
    else if (name === 'rPh') this.#inHint = false;
    else if (name === 'row') this.#take(this.#cells, this.#row);
  };

  #openRow({ r }: XmlAttributes): void {
    const told = Number(r);
    this.#row = Number.isSafeInteger(told) && told > this.#row ? told : this.#row + 1;
    this.#cells = [];
    this.#column = -1;
  }

  /** Cells without a reference follow one another. */
  #openCell({ r, t }: XmlAttributes): void {
    this.#column = r === undefined ? this.#column + 1 : columnOf(r);
    if (this.#column < 0 || this.#column >= MAX_COLUMNS) {
      const message = `the cell ${JSON.stringify(r?.slice(0, 20))} lies in no column`;
      throw new XenferryError('RVTOOLS_MALFORMED', message, { file: this.#file });
    }
    this.#type = t ?? 'n';
    this.#text = '';
  }

  #closeCell(): void {
    while (this.#cells.length < this.#column) this.#cells.push(null);
    this.#cells[this.#column] = this.#text === '' ? null : this.#value();
  }

  #value(): Cell {
    switch (this.#type) {
      case 's':
        return this.#strings[Number(this.#text)] ?? null;
      case 'n': {
        const number = Number(this.#text);
        return Number.isFinite(number) ? number : this.#text;
      }
      case 'b':
        return this.#text === '1' || this.#text === 'true';
      case 'e':
        return null;
      default:
        return unescapedText(this.#text);
    }
  }
}

/** `A1` is in column 0, `AB7` in column 27; -1 for what is no reference. */
function columnOf(reference: string): number {
  let column = 0;
  for (let index = 0; index < 4; index += 1) {
    const letter = reference.charCodeAt(index) - 64;
    if (letter < 1 || letter > 26) return index === 0 ? -1 : column - 1;
    column = column * 26 + letter;
  }
  return -1;
}
