import { describe, expect, test } from 'vitest';
import { parseVmx } from '../../../src/sources/vmx/vmx-parser.js';
import { codeAndLine } from '../ovf-parser/errors.js';

function parse(text: string | Uint8Array): Record<string, string> {
  return Object.fromEntries(parseVmx(Buffer.from(text), 'test.vmx').settings);
}

describe('a .vmx file', () => {
  test('is keys and quoted values, comments and empty lines', () => {
    const text =
      '#!/usr/bin/vmware\r\ndisplayName = "Web 01"\r\n\r\n  memSize="512"  # note\r\nnumvcpus = 2\r\nempty = ""\r\n';
    expect(parse(text)).toEqual({ displayname: 'Web 01', memsize: '512', numvcpus: '2', empty: '' });
  });

  test('has keys in any letter case; the last of a repeated one wins', () => {
    expect(parse('MemSize = "1"\nmemsize = "2"\n')).toEqual({ memsize: '2' });
    expect(parse('__proto__.x = "1"\nconstructor = "2"')).toEqual({ '__proto__.x': '1', constructor: '2' });
  });

  test.each([
    ['say |22hello|22', 'say "hello"'],
    ['one|0Atwo', 'one\ntwo'],
    ['a|7Cb|5c', 'a|b\\'],
    ['|E6|9D|B1', '東'],
    ['100 | 200 |zz', '100 | 200 |zz'],
  ])('escapes %j', (value, text) => {
    expect(parse(`.encoding = "UTF-8"\nannotation = "${value}"`).annotation).toBe(text);
  });

  test.each([
    ['windows-1252', [0x5a, 0xfc, 0x72, 0x69, 0x63, 0x68], 'Zürich'],
    ['GBK', [0xb1, 0xb1, 0xbe, 0xa9], '北京'],
    ['Shift_JIS', [0x93, 0x8c, 0x8b, 0x9e], '東京'],
    ['UTF-8', [0x5a, 0xc3, 0xbc], 'Zü'],
  ])('may be in %s', (encoding, bytes, text) => {
    const start = Buffer.from(`.encoding = "${encoding}"\ndisplayName = "`);
    const value = parse(Buffer.concat([start, Buffer.from(bytes), Buffer.from('"\n')])).displayname;
    expect(value).toBe(text);
  });

  test.each([
    ["the host's windows-1252", Buffer.from('displayName = "Z\xfcrich"\n', 'latin1')],
    ['UTF-8', Buffer.from('displayName = "Zürich"\n')],
    [
      'UTF-8 with a mark, whatever it names',
      Buffer.from('\ufeff.encoding = "GBK"\ndisplayName = "Zürich"\n'),
    ],
  ])('without a true name of its encoding may be in %s', (_, bytes) => {
    expect(parse(bytes).displayname).toBe('Zürich');
  });

  test('may be in UTF-16, as Notepad writes it', () => {
    const text = '\ufeff.encoding = "windows-1252"\r\ndisplayName = "Zürich |22|FC|22"\r\n';
    expect(parse(Buffer.from(text, 'utf16le')).displayname).toBe('Zürich "\ufffd"');
  });

  test.each([
    ['a line without a value', 'a = "1"\nnonsense\nb = "2"\n', { a: '1', b: '2' }, [2]],
    ['an open quote', 'a = "1"\n\nb = "2\n', { a: '1', b: '2' }, [3]],
    ['a quote in a value', 'a = "1"2"\n', { a: '1"2' }, [1]],
    ['no opening quote', 'a = 1"\n', { a: '1' }, [1]],
    ['blanks and no quotes', 'a = Web 01 # note\n', { a: 'Web 01' }, [1]],
    ['words behind a value', 'a = "1" 2\n', { a: '1' }, [1]],
    ['a repeated key', 'a = "1"\nA = "2"\nb = "3"\na = "4"\n', { a: '4', b: '3' }, [4]],
    ['an unknown encoding', '.encoding = "klingon"\na = "ü"\n', { '.encoding': 'klingon', a: 'ü' }, [null]],
  ])('with %s is read, and told of', (_, text, settings, lines) => {
    const { settings: read, flaws } = parseVmx(Buffer.from(text), 'test.vmx');
    expect(Object.fromEntries(read)).toEqual(settings);
    expect(flaws.map(({ line }) => line)).toEqual(lines);
  });

  test('never has a value in what is told of it', () => {
    const { flaws } = parseVmx(Buffer.from('a = secret word\n'), 'test.vmx');
    expect(flaws).toHaveLength(1);
    expect(JSON.stringify(flaws)).not.toContain('secret');
  });

  test.each([
    ['no settings', '# only this\n', undefined],
    ['nothing in it', '', undefined],
    ['an end inside a value', 'a = "1"\nb = "2', 2],
    ['an end inside a key', 'a = "1"\nscsi0:0.fi', 2],
    ['zeros after a crash', 'a = "1"\n\0\0\0\0', 2],
    ['as many wrong lines as right ones', 'a = "1"\nb = "2"\n<html>\n<body>\n', 3],
    ['very many wrong lines', `${'a = "1"\n'.repeat(9)}${'wrong\n'.repeat(21)}`, 30],
    [
      'more settings than any machine has',
      Array.from({ length: 20_001 }, (_, n) => `k${n}=1\n`).join(''),
      20_001,
    ],
  ])('with %s is refused', (_, text, line) => {
    expect(codeAndLine(() => parse(text))).toEqual(['VMX_MALFORMED', line]);
  });
});
