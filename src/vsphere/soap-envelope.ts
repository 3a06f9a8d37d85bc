import { XenferryError } from '../model/errors.js';
import type { Ref, VimArgument } from './vim-value.js';

/** What XML 1.0 (2.2) has no place for, escaped or not; lone halves of surrogate pairs among them. */
const NO_CHARACTER = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  // A reader would make them line feeds and spaces.
  '\r': '&#13;',
  '\n': '&#10;',
  '\t': '&#9;',
};

/** A call as SOAP 1.1 carries it. Throws CONFIG_INVALID for text that XML cannot hold. */
export function soapEnvelope(method: string, parameters: Readonly<Record<string, VimArgument>>): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"',
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">',
    `<soapenv:Body><${method} xmlns="urn:vim25">${children(parameters)}</${method}></soapenv:Body>`,
    '</soapenv:Envelope>',
  ].join('');
}

/** Text as it stands in an element or in an attribute. Throws CONFIG_INVALID. */
function escapeXml(text: string): string {
  if (NO_CHARACTER.test(text)) {
    throw new XenferryError('CONFIG_INVALID', 'a text has a character that XML cannot hold');
  }
  return text.replaceAll(/[&<>"\r\n\t]/g, (character) => ESCAPES[character] ?? character);
}

function children(values: Readonly<Record<string, VimArgument>>): string {
  return Object.entries(values)
    .map(([name, value]) => (name === '_type' || name === '_text' ? '' : element(name, value)))
    .join('');
}

function element(name: string, value: VimArgument): string {
  if (value === undefined) return '';
  if (isList(value)) return value.map((one) => element(name, one)).join('');
  if (typeof value !== 'object') return `<${name}>${escapeXml(String(value))}</${name}>`;
  if (isRef(value)) {
    return `<${name} type="${escapeXml(value.type)}">${escapeXml(value.value)}</${name}>`;
  }
  const { _type: type, _text: text } = value;
  const attribute = typeof type === 'string' ? ` xsi:type="${escapeXml(type)}"` : '';
  const content = typeof text === 'string' ? escapeXml(text) : children(value);
  return `<${name}${attribute}>${content}</${name}>`;
}

function isList(value: VimArgument): value is readonly VimArgument[] {
  return Array.isArray(value);
}

/** No data object of vim25 has just these two. */
function isRef(value: object): value is Ref {
  return Object.keys(value).length === 2 && 'type' in value && 'value' in value;
}
