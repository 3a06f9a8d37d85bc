import { SaxesParser } from 'saxes';

/** What a reader finds on a page of ours. */
export interface ReadPage {
  /** Rows of cells by caption, the heading first; blanks joined. */
  readonly tables: ReadonlyMap<string, string[][]>;
  /** Everything that is shown, blanks joined. */
  readonly text: string;
  /** Names of all elements, in their order. */
  readonly elements: readonly string[];
  /** Values of an attribute, in their order. */
  readonly attribute: (name: string) => string[];
}

/**
 * Reads a page as XML, which our pages are but for the document type, the elements without an end and what stands in
 * `style` and `script`. Throws at the first thing that is not well-formed.
 */
export function readHtml(page: string): ReadPage {
  const xml = page
    .replace(/^<!doctype html>/, '')
    .replace(/<(style|script)>.*?<\/\1>/gs, '')
    .replace(/<((?:meta|br)\b[^>]*)>/g, '<$1/>');
  const tables = new Map<string, string[][]>();
  const elements: string[] = [];
  const attributes: Record<string, string>[] = [];
  let [text, caption, cell] = ['', '', ''];
  let rows: string[][] = [];
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes: found }) => {
    elements.push(name);
    attributes.push(found);
    if (name === 'table') rows = [];
    if (name === 'tr') rows.push([]);
    if (name === 'th' || name === 'td') cell = '';
    if (name === 'caption') caption = '';
    [text, cell] = [`${text} `, `${cell} `];
  });
  parser.on('text', (part) => {
    [text, cell, caption] = [text + part, cell + part, caption + part];
  });
  parser.on('closetag', ({ name }) => {
    if (name === 'th' || name === 'td') rows.at(-1)?.push(joined(cell));
    if (name === 'caption') tables.set(caption, rows);
    [text, cell] = [`${text} `, `${cell} `];
  });
  parser.write(xml).close();
  return {
    tables,
    text: joined(text),
    elements,
    attribute: (name) => attributes.flatMap((all) => all[name] ?? []),
  };
}

function joined(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
