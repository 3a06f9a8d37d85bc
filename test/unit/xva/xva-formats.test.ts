import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChunkHeaders, encodeOvaXmlMember } from '../../../src/xva/index.js';
import { decodeTarHeader, encodeTarHeader } from '../../../src/xva/tar-header.js';
import { decodeXmlRpcValue, encodeXmlRpcValue, XmlRpcDouble } from '../../../src/xva/xml-rpc-value.js';
import { tempFiles } from '../../support/temp-files.js';

const { put } = tempFiles();

describe('XML-RPC values', () => {
  const text = fc.string({
    unit: fc.oneof(fc.constantFrom('<', '>', '&', '"', ' ', '\r', '\n', 'ä', '😀'), fc.string()),
  });
  const printable = text.map((value) =>
    value.replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, ''),
  );
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      printable,
      fc.boolean(),
      fc.integer(),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(
        printable.filter((name) => name !== '__proto__'),
        tie('value'),
        { maxKeys: 4, noNullPrototype: true },
      ),
    ),
  })).value;

  it('survive writing and reading', () => {
    fc.assert(
      fc.property(value, (original) => {
        expect(decodeXmlRpcValue(encodeXmlRpcValue(original as string), 'test')).toEqual(original);
      }),
    );
  });

  it('are read by Python as XAPI’s own clients read them', () => {
    const sample = {
      text: 'a & b < c',
      yes: true,
      number: 7,
      half: new XmlRpcDouble(0.5),
      list: ['x', 'y'],
      map: {},
    };
    const document = `<?xml version="1.0"?><methodResponse><params><param>${encodeXmlRpcValue(sample)}</param></params></methodResponse>`;
    const script =
      'import sys, json, xmlrpc.client; print(json.dumps(xmlrpc.client.loads(sys.stdin.read())[0][0]))';
    const read = execFileSync('python3', ['-c', script], { input: document, encoding: 'utf8' });
    expect(JSON.parse(read)).toEqual({
      text: 'a & b < c',
      yes: true,
      number: 7,
      half: 0.5,
      list: ['x', 'y'],
      map: {},
    });
  });

  it('drop characters that XML cannot carry', () => {
    expect(encodeXmlRpcValue('a\u0000b\u0008c\ud800d')).toBe('<value>abcd</value>');
  });

  it('with a document type are refused', () => {
    expect(() => decodeXmlRpcValue('<!DOCTYPE x><value>1</value>', 'x.xva')).toThrow(
      expect.objectContaining({ code: 'XVA_INVALID' }),
    );
  });
});

describe('tar members', () => {
  it('carry name and size, and nothing that changes from run to run', () => {
    const header = encodeTarHeader('Ref:00001/00000007', 1_048_576);
    expect(decodeTarHeader(header)).toEqual({ name: 'Ref:00001/00000007', size: 1_048_576 });
    expect(header.equals(encodeTarHeader('Ref:00001/00000007', 1_048_576))).toBe(true);
  });

  it('with a damaged header are not taken for members', () => {
    const header = encodeTarHeader('ova.xml', 10);
    header.writeUInt8(0x31, 3);
    expect(decodeTarHeader(header)).toBeNull();
  });

  it('of chunks are listed by tar under the names the importer wants', () => {
    const headers = new ChunkHeaders('Ref:00007', 'sha1');
    const data = Buffer.alloc(512 + 1024 * 1024 + 1024, 'd');
    headers.writeDataHeader(12_345_678, data, 0);
    headers.writeChecksum(12_345_678, 'c'.repeat(40), data, 512 + 1024 * 1024);
    const archive = put(
      'chunks.tar',
      Buffer.concat([encodeOvaXmlMember('<value>ä</value>'), data, Buffer.alloc(1024)]),
    );
    const listed = execFileSync('tar', ['--list', '--file', archive.path], { encoding: 'utf8' })
      .trim()
      .split('\n');
    expect(listed).toEqual(['ova.xml', 'Ref:00007/12345678', 'Ref:00007/12345678.checksum']);
  });

  it('refuse a counter that does not fit the name', () => {
    const headers = new ChunkHeaders('Ref:00007', 'xxhash');
    expect(() => headers.writeDataHeader(100_000_000, Buffer.alloc(512), 0)).toThrow(RangeError);
  });
});
