import { SaxesParser } from 'saxes';
import { MAX_DEPTH, type RpcValue } from './rpc-value.js';

interface XmlNode {
  readonly name: string;
  readonly children: XmlNode[];
  text: string;
}

function parseTree(xml: string): XmlNode {
  const parser = new SaxesParser({});
  const root: XmlNode = { name: '', children: [], text: '' };
  const open = [root];
  const top = (): XmlNode => open[open.length - 1] ?? root;
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('doctype', () => {
    throw new SyntaxError('a document type');
  });
  parser.on('opentag', ({ name }) => {
    const node: XmlNode = { name, children: [], text: '' };
    top().children.push(node);
    open.push(node);
    if (open.length > 4 * MAX_DEPTH) {
      throw new SyntaxError('too deep');
    }
  });
  parser.on('text', (text) => {
    top().text += text;
  });
  parser.on('cdata', (text) => {
    top().text += text;
  });
  parser.on('closetag', () => {
    open.pop();
  });
  parser.write(xml).close();
  return root;
}

function only(node: XmlNode, name: string): XmlNode {
  const child = node.children.find((one) => one.name === name);
  if (child === undefined) {
    throw new SyntaxError(`no ${name} in ${node.name}`);
  }
  return child;
}

function rpcValueOf(node: XmlNode): RpcValue {
  const typed = node.children[0];
  if (typed === undefined) {
    return { kind: 'string', value: node.text };
  }
  const text = typed.text;
  switch (typed.name) {
    case 'int':
    case 'i4':
    case 'i8':
      return /^\s*[+-]?\d+\s*$/.test(text)
        ? { kind: 'int', value: Number(text) }
        : { kind: 'string', value: text };
    case 'double':
      return { kind: 'float', value: Number(text) };
    case 'boolean':
      return { kind: 'bool', value: text.trim() === '1' };
    case 'string':
      return { kind: 'string', value: text };
    case 'dateTime.iso8601':
      return { kind: 'datetime', value: text };
    case 'nil':
      return { kind: 'null' };
    case 'array':
      return { kind: 'array', items: only(typed, 'data').children.map(rpcValueOf) };
    case 'struct':
      return {
        kind: 'struct',
        members: new Map(
          typed.children.map((member) => [only(member, 'name').text, rpcValueOf(only(member, 'value'))]),
        ),
      };
    default:
      throw new SyntaxError(`no such type: ${typed.name}`);
  }
}

export interface MethodCall {
  readonly method: string;
  readonly params: readonly RpcValue[];
}

/** Throws a SyntaxError. */
export function parseMethodCall(xml: string): MethodCall {
  const call = only(parseTree(xml), 'methodCall');
  const params = call.children.find((child) => child.name === 'params')?.children ?? [];
  return {
    method: only(call, 'methodName').text.trim(),
    params: params.map((param) => rpcValueOf(only(param, 'value'))),
  };
}

/** Reads a bare `<value>`, as an archive's `ova.xml` is one; throws a SyntaxError. */
export function parseXmlValue(xml: string): RpcValue {
  return rpcValueOf(only(parseTree(xml), 'value'));
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ESCAPES[character] ?? character);
}

/** Whole numbers go out without a type, which makes them strings. */
export function xmlValue(value: RpcValue): string {
  return `<value>${xmlContent(value)}</value>`;
}

function xmlContent(value: RpcValue): string {
  switch (value.kind) {
    case 'int':
      return String(value.value);
    case 'float':
      return `<double>${value.value}</double>`;
    case 'bool':
      return `<boolean>${value.value ? 1 : 0}</boolean>`;
    case 'string':
      return escaped(value.value);
    case 'datetime':
      return `<dateTime.iso8601>${value.value}</dateTime.iso8601>`;
    case 'null':
      return '<nil/>';
    case 'array':
      return `<array><data>${value.items.map(xmlValue).join('')}</data></array>`;
    case 'struct': {
      const members = [...value.members].map(
        ([name, member]) => `<member><name>${escaped(name)}</name>${xmlValue(member)}</member>`,
      );
      return `<struct>${members.join('')}</struct>`;
    }
  }
}
