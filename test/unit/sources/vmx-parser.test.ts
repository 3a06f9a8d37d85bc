import { describe, expect, test } from 'vitest';
import { parseVmx } from '../../../src/sources/vmx/vmx-parser.js';
import { codeAndLine } from '../ovf-parser/errors.js';

function parse(text: string | Uint8Array): Record<string, string> {
  return Object.fromEntries(parseVmx(Buffer.from(text), 'test.vmx'));
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
    ['a line without a value', 'a = "1"\nnonsense\n', 2],
    ['an open quote', 'a = "1"\n\nb = "2\n', 3],
    ['a quote in a value', 'a = "1"2"', 1],
    ['zeros after a crash', 'a = "1"\n\0\0\0\0', 2],
    ['an unknown encoding', '.encoding = "klingon"\n', undefined],
  ])('with %s is refused', (_, text, line) => {
    expect(codeAndLine(() => parse(text))).toEqual(['VMX_MALFORMED', line]);
  });
});
