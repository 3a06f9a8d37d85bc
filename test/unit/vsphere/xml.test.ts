import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { XenferryError } from '../../../src/model/errors.js';
import { MIB } from '../../../src/model/units.js';
import { soapEnvelope } from '../../../src/vsphere/soap-envelope.js';
import type { VimValue } from '../../../src/vsphere/vim-value.js';
import { XmlReader } from '../../../src/vsphere/xml-reader.js';

function read(xml: string | Buffer, pieceBytes = 1 << 20): VimValue {
  const bytes = Buffer.from(xml);
  const reader = new XmlReader('https://vc.example');
  for (let at = 0; at < bytes.length; at += pieceBytes) reader.write(bytes.subarray(at, at + pieceBytes));
  return reader.end().value;
}

function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof XenferryError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'taken';
}

/** What XML 1.0 takes, by its own list (2.2 Characters). */
function isXmlText(text: string): boolean {
  return [...text].every((character) => {
    const code = character.codePointAt(0) ?? 0;
    const isSpace = code === 0x9 || code === 0xa || code === 0xd;
    const isPlain = code >= 0x20 && code <= 0xd7ff;
    return isSpace || isPlain || (code >= 0xe000 && code <= 0xfffd) || code >= 0x10000;
  });
}

const LONG = `<rest>${'.'.repeat(60_000)}</rest>`;

/** Bytes, of what is needed. */
function heapInUse(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}

describe('an envelope', () => {
  it('brings any text that XML can hold as it is, however it is cut on its way', () => {
    const text = fc.string({ unit: 'binary' }).filter(isXmlText);
    fc.assert(
      fc.property(text, text, fc.integer({ min: 1, max: 64 }), (name, value, pieceBytes) => {
        const xml = soapEnvelope('Login', { userName: name, of: { type: 'X', value } });
        const login = { userName: name, of: { type: 'X', value } };
        expect(read(xml, pieceBytes)).toEqual({ Body: { Login: login } });
      }),
    );
  });

  it('is not made of text that XML cannot hold', () => {
    for (const text of ['a\u0000', '\u001b[1m', '\ud800', '\uffff']) {
      expect(refusal(() => soapEnvelope('Login', { userName: text }))).toMatch(/^CONFIG_INVALID: /);
    }
  });

  it('tells types, lists and what is left out', () => {
    const xml = soapEnvelope('Do', {
      spec: { _type: 'Spec', on: true, off: undefined, size: 5, key: ['a', 'b'] },
      any: { _type: 'xsd:string', _text: 'x < y' },
    });
    expect(xml).toContain('<any xsi:type="xsd:string">x &lt; y</any>');
    expect(xml).toContain('<spec xsi:type="Spec"><on>true</on><size>5</size><key>a</key><key>b</key></spec>');
  });
});

describe('a reply', () => {
  it('is read without prefixes, numbers as text, and what comes several times as a list', () => {
    const xml = `<s:E xmlns:s="urn:s" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">
      <dev i:type="n:VirtualDisk"><key>0012</key><name>&#34;a&#34; &amp; b</name></dev>
      <one>1</one><many>1</many><many>2</many><none i:type="ArrayOfString"/><text i:type="xsd:int">7</text>
      <vm type="VirtualMachine" i:type="ManagedObjectReference">vm-1</vm><cd><![CDATA[<x>]]></cd></s:E>`;
    expect(read(xml)).toEqual({
      dev: { _type: 'VirtualDisk', key: '0012', name: '"a" & b' },
      one: '1',
      many: ['1', '2'],
      none: { _type: 'ArrayOfString' },
      text: '7',
      vm: { type: 'VirtualMachine', value: 'vm-1' },
      cd: '<x>',
    });
  });

  it.each([
    ['with a document type', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', 'DOCTYPE'],
    ['with an entity that nobody defined', '<a>&b;</a>', 'entity'],
    ['that is cut off', '<a><b>', 'unclosed'],
    ['that is empty', '', 'document'],
    ['with names as programs have them', '<a><__proto__><x>1</x></__proto__></a>', 'name'],
    ['of depths that nothing has', `${'<a>'.repeat(300)}${'</a>'.repeat(300)}`, 'deep'],
    [
      'with attributes without end',
      `<a ${Array.from({ length: 40 }, (_, at) => `b${at}=""`).join(' ')}/>`,
      'attributes',
    ],
    ['that is not UTF-8', Buffer.from([0x3c, 0x61, 0x3e, 0xff, 0xfe]), 'UTF-8'],
  ])('%s is refused', (_what, xml, word) => {
    expect(refusal(() => read(xml))).toMatch(new RegExp(`^VSPHERE_PROTOCOL: .*${word}`));
  });

  it('of any bytes is read or refused', () => {
    const xml = fc.stringMatching(/^[<>/a&;="' !?\-[\]]{0,60}$/);
    fc.assert(
      fc.property(fc.oneof(xml, fc.string()), (text) => {
        expect(refusal(() => read(`<e>${text}</e>`))).toMatch(/^(?:taken|VSPHERE_PROTOCOL: .*)$/s);
      }),
    );
  });

  it('leaves nothing of itself in what is kept of it', () => {
    const before = heapInUse();
    const kept = Array.from({ length: 400 }, (_, reply) => {
      const value = read(`<e><name>a name that is not short ${reply}</name>${LONG}</e>`);
      return typeof value === 'object' ? value.name : undefined;
    });
    expect(heapInUse() - before).toBeLessThan(5 * MIB);
    expect(kept.at(-1)).toBe('a name that is not short 399');
  });
});
