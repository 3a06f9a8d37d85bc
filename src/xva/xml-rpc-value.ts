import { type SaxesAttributeNS, SaxesParser } from 'saxes';
import { XenferryError } from '../model/errors.js';

/** A floating-point member; plain numbers are XML-RPC integers. */
export class XmlRpcDouble {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** What `ova.xml` holds: an XML-RPC value. XAPI writes 64-bit integers as strings. */
export type XmlRpcValue = string | boolean | number | XmlRpcDouble | readonly XmlRpcValue[] | XmlRpcStruct;
export interface XmlRpcStruct {
  readonly [name: string]: XmlRpcValue;
}

/** `<value>…</value>`; members in the order given. */
export function encodeXmlRpcValue(value: XmlRpcValue): string {
  return `<value>${encodeContent(value)}</value>`;
}

function encodeContent(value: XmlRpcValue): string {
  if (typeof value === 'string') return escapeXml(value);
  if (typeof value === 'boolean') return `<boolean>${value ? 1 : 0}</boolean>`;
  if (typeof value === 'number') return `<i4>${value}</i4>`;
  if (value instanceof XmlRpcDouble) return `<double>${value.value}</double>`;
  if (isArray(value)) return `<array><data>${value.map(encodeXmlRpcValue).join('')}</data></array>`;
  const members = Object.entries(value).map(
    ([name, member]) => `<member><name>${escapeXml(name)}</name>${encodeXmlRpcValue(member)}</member>`,
  );
  return `<struct>${members.join('')}</struct>`;
}

function isArray(value: readonly XmlRpcValue[] | XmlRpcStruct): value is readonly XmlRpcValue[] {
  return Array.isArray(value);
}

/** Characters that XML 1.0 cannot carry are dropped: a VM's annotation may hold any. */
function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/\r/g, '&#13;');
}

interface OpenElement {
  readonly tag: string;
  text: string;
  memberName: string;
  readonly values: XmlRpcValue[];
  readonly members: Record<string, XmlRpcValue>;
}

/** Parses what `encodeXmlRpcValue` and XAPI write. Throws XVA_INVALID. */
export function decodeXmlRpcValue(xml: string, file: string): XmlRpcValue {
  const parser = new SaxesParser();
  const stack: OpenElement[] = [];
  const results: XmlRpcValue[] = [];
  const refuse = (message: string): never => {
    throw new XenferryError('XVA_INVALID', `ova.xml: ${message}`, { file, line: parser.line });
  };
  parser.on('error', (error) => refuse(error.message));
  parser.on('doctype', () => refuse('a document type is not allowed'));
  parser.on(
    'opentag',
    ({ name }: { name: string; attributes: Record<string, string | SaxesAttributeNS> }) => {
      stack.push({ tag: name, text: '', memberName: '', values: [], members: {} });
    },
  );
  parser.on('text', (text) => {
    const top = stack.at(-1);
    if (top !== undefined) top.text += text;
  });
  parser.on('closetag', () => {
    const element = stack.pop();
    const parent = stack.at(-1);
    if (element === undefined) return;
    closeElement(element, parent, results);
  });
  parser.write(xml).close();
  const [result] = results;
  return result ?? refuse('no value in it');
}

function closeElement(element: OpenElement, parent: OpenElement | undefined, results: XmlRpcValue[]): void {
  if (parent === undefined) {
    results.push(element.values[0] ?? element.text);
    return;
  }
  switch (element.tag) {
    case 'name':
      parent.memberName = element.text;
      break;
    case 'member':
      parent.members[element.memberName] = element.values[0] ?? '';
      break;
    case 'data':
    case 'value':
      parent.values.push(element.tag === 'data' ? element.values : (element.values[0] ?? element.text));
      break;
    case 'array':
      parent.values.push(element.values[0] ?? []);
      break;
    case 'struct':
      parent.values.push(element.members);
      break;
    case 'boolean':
      parent.values.push(element.text === '1');
      break;
    case 'double':
      parent.values.push(new XmlRpcDouble(Number(element.text)));
      break;
    default:
      parent.values.push(element.tag === 'i4' || element.tag === 'int' ? Number(element.text) : element.text);
  }
}
