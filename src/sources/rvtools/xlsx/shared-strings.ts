import { XenferryError } from '../../../model/errors.js';
import { MIB } from '../../../model/units.js';
import { readXml } from './xml-events.js';
import type { ZipPackage } from './zip-package.js';

/** Of the table's XML; that of 10,000 machines has 8 MB. */
const MAX_BYTES = 256 * MIB;
const MAX_STRINGS = 4_000_000;

/**
 * The texts that cells name by their index (ECMA-376 part 1, 18.4): runs of formatted text joined, phonetic hints
 * left out. Throws RVTOOLS_MALFORMED or RVTOOLS_TOO_LARGE.
 */
export async function readSharedStrings(
  zip: ZipPackage,
  name: string,
  file: string,
): Promise<readonly string[]> {
  const strings: string[] = [];
  let text = '';
  let inText = false;
  let inHint = false;
  await readXml(
    zip,
    { name, file, maxBytes: MAX_BYTES },
    {
      open: (element) => {
        if (element === 'si') text = '';
        else if (element === 'rPh') inHint = true;
        else if (element === 't') inText = !inHint;
      },
      text: (piece) => {
        if (inText) text += piece;
      },
      close: (element) => {
        if (element === 'rPh') inHint = false;
        else if (element === 't') inText = false;
        else if (element === 'si') strings.push(unescapedText(text));
        if (strings.length > MAX_STRINGS) {
          throw new XenferryError('RVTOOLS_TOO_LARGE', `it has more than ${MAX_STRINGS} texts`, { file });
        }
      },
    },
  );
  return strings;
}

/** Characters that XML cannot hold stand as `_x000D_` (ECMA-376 part 1, 22.9.2.19, ST_Xstring). */
export function unescapedText(text: string): string {
  if (!text.includes('_x')) return text;
  return text.replace(/_x([0-9a-f]{4})_/gi, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}
