import { XenferryError } from '../model/errors.js';

const DECLARATION_BYTES = 200;

/**
 * XML bytes as text: byte order mark first, then the shape of the first `<`, then the XML declaration, else UTF-8
 * (XML 1.0 appendix F). Throws OVF_MALFORMED when the bytes are not in that encoding, or the encoding is unknown.
 */
export function decodeXml(bytes: Uint8Array, file: string): string {
  const encoding = guessEncoding(bytes);
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new XenferryError('OVF_MALFORMED', `it is not readable as ${encoding} text`, {
      file,
      line: 1,
      cause,
    });
  }
}

function guessEncoding(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  if (first === 0x3c && second === 0x00) return 'utf-16le';
  if (first === 0x00 && second === 0x3c) return 'utf-16be';
  const start = Buffer.from(bytes.subarray(0, DECLARATION_BYTES)).toString('latin1');
  const declared = /^(?:\u00ef\u00bb\u00bf)?<\?xml[^>]*\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(start)?.[1];
  // Some Windows exporters declare UTF-16 and write UTF-8; real UTF-16 was recognised above.
  if (declared === undefined || /^(utf-?16|ucs-?2)/i.test(declared)) return 'utf-8';
  return declared.toLowerCase();
}
