import { type SaxesAttributeNS, SaxesParser } from 'saxes';
import { XenferryError } from '../model/errors.js';

/** An element with what an OVF reader needs; names are local names, whatever prefix the writer chose. */
export interface XmlElement {
  readonly name: string;
  /** By local name. Where two namespaces share one, the OVF attribute wins. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** Its own text, trimmed; not that of its children. */
  readonly text: string;
  /** Line of its start tag, from 1. */
  readonly line: number;
}

export interface UnboundPrefix {
  readonly prefix: string;
  /** Where it is seen first. */
  readonly line: number;
}

export interface XmlDocument {
  readonly root: XmlElement;
  /** Prefixes without a declaration: not well-formed by the namespace rules, yet seen in edited files. */
  readonly unboundPrefixes: readonly UnboundPrefix[];
}

interface OpenElement {
  readonly name: string;
  readonly attributes: Map<string, string>;
  readonly children: XmlElement[];
  readonly text: string[];
  readonly line: number;
}

/** Far above what exporters write (a vApp of hundreds of machines has some 100,000 elements, 8 levels deep). */
const MAX_DEPTH = 64;
const MAX_ELEMENTS = 200_000;
const MAX_ATTRIBUTES = 256;
const MAX_ATTRIBUTE_LENGTH = 64 * 1024;

const UNBOUND_PREFIX = /unbound namespace prefix: "(.*)"/;
const SAXES_POSITION = /^(?:\d+:\d+: )?/;

/**
 * Parses XML text into an element tree. Throws OVF_MALFORMED with the line for anything not well-formed, for any
 * DOCTYPE (no OVF needs one, and entities are how XML attacks start) and for sizes no descriptor has.
 */
export function parseXmlTree(text: string, file: string): XmlDocument {
  const parser = new SaxesParser({ xmlns: true });
  const stack: OpenElement[] = [];
  const unbound = new Map<string, number>();
  let root: XmlElement | undefined;
  let elements = 0;
  let attributes = 0;
  let line = 1;

  const refuse = (message: string, at: number): never => {
    throw new XenferryError('OVF_MALFORMED', message, { file, line: at });
  };

  const start = text.search(/\S/);
  if (text[start] !== '<') refuse('it is no XML', text.slice(0, Math.max(start, 0)).split('\n').length);

  parser.on('doctype', (doctype) => {
    const first = parser.line - (doctype.split('\n').length - 1);
    refuse('it has a DOCTYPE, which is refused because it may define entities', first);
  });
  parser.on('error', (error) => {
    const prefix = UNBOUND_PREFIX.exec(error.message)?.[1];
    if (prefix === undefined) refuse(`XML error: ${error.message.replace(SAXES_POSITION, '')}`, parser.line);
    else if (!unbound.has(prefix)) unbound.set(prefix, line);
  });
  parser.on('opentagstart', () => {
    // The character after the name is read already; when that is a line end, the tag stands on the line before.
    line = parser.columnIndex === 0 ? parser.line - 1 : parser.line;
    attributes = 0;
    elements += 1;
    if (elements > MAX_ELEMENTS) refuse(`it has more than ${MAX_ELEMENTS} elements`, line);
    if (stack.length >= MAX_DEPTH) refuse(`its elements are nested more than ${MAX_DEPTH} deep`, line);
  });
  parser.on('attribute', ({ name, value }) => {
    attributes += 1;
    if (attributes > MAX_ATTRIBUTES) refuse(`an element has more than ${MAX_ATTRIBUTES} attributes`, line);
    if (value.length > MAX_ATTRIBUTE_LENGTH) {
      refuse(`attribute ${name.slice(0, 80)} is longer than ${MAX_ATTRIBUTE_LENGTH} characters`, parser.line);
    }
  });
  parser.on('opentag', (tag) => {
    const byLocalName = attributesByLocalName(Object.values(tag.attributes));
    stack.push({ name: tag.local, attributes: byLocalName, children: [], text: [], line });
  });
  parser.on('text', (chunk) => {
    stack.at(-1)?.text.push(chunk);
  });
  parser.on('cdata', (chunk) => {
    stack.at(-1)?.text.push(chunk);
  });
  parser.on('closetag', () => {
    const closed = stack.pop();
    if (closed === undefined) return;
    const element = { ...closed, text: closed.text.join('').trim() };
    const parent = stack.at(-1);
    if (parent === undefined) root = element;
    else parent.children.push(element);
  });
  parser.write(text).close();

  if (root === undefined) return refuse('it has no root element', 1);
  return { root, unboundPrefixes: [...unbound].map(([prefix, seen]) => ({ prefix, line: seen })) };
}

function attributesByLocalName(attributes: readonly SaxesAttributeNS[]): Map<string, string> {
  const byName = new Map<string, string>();
  for (const { prefix, local, uri, value } of attributes) {
    if (prefix === 'xmlns' || (prefix === '' && local === 'xmlns')) continue;
    if (!byName.has(local) || /\/ovf\/.*envelope/.test(uri)) byName.set(local, value);
  }
  return byName;
}
