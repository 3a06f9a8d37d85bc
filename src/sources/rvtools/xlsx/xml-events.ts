import { SaxesParser } from 'saxes';
import { XenferryError } from '../../../model/errors.js';
import { MIB } from '../../../model/units.js';
import type { ZipPackage } from './zip-package.js';

export type XmlAttributes = Readonly<Record<string, string>>;

/** What happens in a document; names are local names, whatever prefix the writer chose. */
export interface XmlHandler {
  readonly open: (name: string, attributes: XmlAttributes) => void;
  readonly text: (text: string) => void;
  readonly close: (name: string) => void;
}

/** Characters without a tag's end or a text's: Excel gives a cell 32,767 at most. */
const MAX_SILENCE = 4 * MIB;
const MAX_DEPTH = 64;

/**
 * Reads a member of a workbook as XML. Throws RVTOOLS_MALFORMED for what is not well-formed, for any DOCTYPE (no
 * workbook has one, and entities are how XML attacks start) and for endless texts and depths.
 */
export async function readXml(
  zip: ZipPackage,
  member: { readonly name: string; readonly file: string; readonly maxBytes?: number },
  handler: XmlHandler,
): Promise<void> {
  const refuse = (reason: string): never => {
    throw new XenferryError('RVTOOLS_MALFORMED', `${member.name}: ${reason}`, { file: member.file });
  };
  const parser = new SaxesParser({ xmlns: false, position: false });
  let silence = 0;
  let depth = 0;
  parser.on('doctype', () => refuse('it has a DOCTYPE, which is refused because it may define entities'));
  parser.on('error', (error) => refuse(`XML error: ${error.message}`));
  parser.on('opentag', ({ name, attributes }) => {
    silence = 0;
    depth += 1;
    if (depth > MAX_DEPTH) refuse(`its elements are nested more than ${MAX_DEPTH} deep`);
    handler.open(localName(name), attributes);
  });
  parser.on('text', handler.text);
  parser.on('cdata', handler.text);
  parser.on('closetag', ({ name }) => {
    silence = 0;
    depth -= 1;
    handler.close(localName(name));
  });
  await zip.readText(
    member.name,
    (text) => {
      silence += text.length;
      if (silence > MAX_SILENCE) refuse('a text or tag in it has no end');
      parser.write(text);
    },
    member.maxBytes,
  );
  parser.close();
}

function localName(name: string): string {
  const colon = name.indexOf(':');
  return colon === -1 ? name : name.slice(colon + 1);
}
