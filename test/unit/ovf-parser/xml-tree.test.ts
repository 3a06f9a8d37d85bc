import { describe, expect, test } from 'vitest';
import { decodeXml } from '../../../src/ovf-parser/xml-decoding.js';
import { parseXmlTree } from '../../../src/ovf-parser/xml-tree.js';
import { codeAndLine } from './errors.js';

describe('the XML tree', () => {
  test('has local names, trimmed text, attributes and the line of each start tag', () => {
    const { root } = parseXmlTree(
      '<?xml version="1.0"?>\n<a:x xmlns:a="urn:1"\n  a:k="v">\n  <a:y\n>one <![CDATA[& two]]></a:y>\n</a:x>',
      'f',
    );
    expect(root.name).toBe('x');
    expect(root.line).toBe(2);
    expect([...root.attributes]).toEqual([['k', 'v']]);
    expect(root.children).toMatchObject([{ name: 'y', text: 'one & two', line: 4 }]);
  });

  test('lets the OVF attribute win where two namespaces share a local name', () => {
    const ovf = 'http://schemas.dmtf.org/ovf/envelope/1';
    const { root } = parseXmlTree(`<x xmlns:v="urn:v" xmlns:o="${ovf}" v:id="1" o:id="2" xml:id="3"/>`, 'f');
    expect(root.attributes.get('id')).toBe('2');
  });

  test('survives prefixes that are not declared and says where they are', () => {
    const { root, unboundPrefixes } = parseXmlTree('<x>\n<vmw:y vmw:k="v"/>\n<vmw:z/></x>', 'f');
    expect(root.children.map(({ name }) => name)).toEqual(['y', 'z']);
    expect(unboundPrefixes).toEqual([{ prefix: 'vmw', line: 2 }]);
  });

  test.each([
    ['an entity declaration', '<?xml version="1.0"?>\n<!DOCTYPE x [\n<!ENTITY a "aaaa">\n]>\n<x>&a;</x>', 2],
    ['an external entity', '<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', 1],
    ['an entity nobody declared', '<x>\n&a;</x>', 2],
    ['an unclosed element', '<x>\n<y>\n</x>', 3],
    ['an end in the middle', '<x>\n<y', 2],
    ['text that is no XML', 'not xml', 1],
    ['nothing', '', 1],
    ['two attributes of one name', '<x>\n<y a="1" a="2"/></x>', 2],
    ['deep nesting', '<x>\n'.repeat(100_000), 65],
    ['a huge attribute', `<x>\n<y a="${'b'.repeat(1_000_000)}"/></x>`, 2],
    ['very many attributes', `<x ${Array.from({ length: 50_000 }, (_, i) => `a${i}=""`).join(' ')}/>`, 1],
    ['very many elements', `<x>\n${'<y/>'.repeat(250_000)}</x>`, 2],
  ])('refuses %s with its line', (_, text, line) => {
    expect(codeAndLine(() => parseXmlTree(text, 'bad.ovf'))).toEqual(['OVF_MALFORMED', line]);
  });
});

describe('the encoding of a descriptor', () => {
  const text = '<?xml version="1.0"?><x>Zürich 東京</x>';
  const utf16be = Buffer.from(`\ufeff${text}`, 'utf16le').swap16();

  test.each([
    ['UTF-8', Buffer.from(text)],
    ['UTF-8 with a byte order mark', Buffer.from(`\ufeff${text}`)],
    ['UTF-16 little-endian', Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['UTF-16 big-endian', utf16be],
    ['UTF-16 without a byte order mark', Buffer.from(text, 'utf16le')],
    ['UTF-16 big-endian without a byte order mark', Buffer.from(text, 'utf16le').swap16()],
  ])('is recognised: %s', (_, bytes) => {
    expect(decodeXml(bytes, 'f')).toBe(text);
  });

  test('is the declared one, except UTF-16 that is none', () => {
    const latin = '<?xml version="1.0" encoding="ISO-8859-1"?><x>Zürich</x>';
    expect(decodeXml(Buffer.from(latin, 'latin1'), 'f')).toBe(latin);
    const lying = '<?xml version="1.0" encoding="UTF-16"?><x>Zürich</x>';
    expect(decodeXml(Buffer.from(lying), 'f')).toBe(lying);
  });

  test('is refused when it is unknown or the bytes are not in it', () => {
    const unknown = Buffer.from('<?xml version="1.0" encoding="klingon"?><x/>');
    expect(codeAndLine(() => decodeXml(unknown, 'f'))).toEqual(['OVF_MALFORMED', 1]);
    expect(codeAndLine(() => decodeXml(Buffer.from([0x3c, 0xff, 0xfe]), 'f'))).toEqual(['OVF_MALFORMED', 1]);
  });
});
