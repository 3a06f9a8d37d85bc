import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { XenferryError } from '../../../src/model/errors.js';
import { parseVmx } from '../../../src/sources/vmx/vmx-parser.js';

/** Encodings, how a text is written in them, and characters that each can write. */
const ENCODINGS = [
  { name: 'UTF-8', bytes: (text: string) => Buffer.from(text), letters: 'aZ 0|"\\#=[]äß東京€ポ' },
  { name: 'ISO-8859-1', bytes: (text: string) => Buffer.from(text, 'latin1'), letters: 'aZ 0|"\\#=[]äß' },
  { name: 'windows-1252', bytes: windows1252, letters: 'aZ 0|"\\#=[]äß€–' },
  { name: 'Shift_JIS', bytes: shiftJis, letters: 'aZ 0|"#=[]ポソ表' },
] as const;

const LETTERS = 'aZ 0|"\\#=[]';

function windows1252(text: string): Buffer {
  return Buffer.from(text.replaceAll('€', '\x80').replaceAll('–', '\x96'), 'latin1');
}

/** The second bytes are those of `|` and the backslash (JIS X 0208, in Shift_JIS). */
function shiftJis(text: string): Buffer {
  const bytes = text.replaceAll('ポ', '\x83\x7c').replaceAll('ソ', '\x83\x5c').replaceAll('表', '\x95\x5c');
  return Buffer.from(bytes, 'latin1');
}

/** As VMware writes a value: quotes and bars escaped. */
function escaped(value: string): string {
  return value.replaceAll('|', '|7C').replaceAll('"', '|22');
}

const KEY = fc.stringMatching(/^[a-z][a-z0-9_.:]{0,20}$/);

function settingsIn(letters: string): fc.Arbitrary<ReadonlyMap<string, string>> {
  const value = fc.string({ unit: fc.constantFrom(...letters), maxLength: 20 });
  return fc
    .dictionary(KEY, value, { minKeys: 1, maxKeys: 20, noNullPrototype: true })
    .map((settings) => new Map(Object.entries(settings)));
}

describe('the settings of a .vmx', () => {
  test.each(ENCODINGS)('are the same however a file in $name is written', ({ name, bytes, letters }) => {
    fc.assert(
      fc.property(settingsIn(letters), fc.gen(), fc.constantFrom('\n', '\r\n'), (settings, any, end) => {
        const blanks = (): string => any(fc.constantFrom, '', ' ', '\t', '   ');
        const comment = (): string => any(fc.constantFrom, '', '# a "comment" = 1', '  #');
        const shuffled = any(fc.shuffledSubarray<[string, string]>, [...settings], {
          minLength: settings.size,
        });
        const lines = shuffled.map(([key, value]) => {
          const written = any(fc.mixedCase, fc.constant(key));
          const setting = `${blanks()}${written}${blanks()}=${blanks()}"${escaped(value)}"${blanks()}`;
          return bytes(`${comment()}${end}${setting}${end}`);
        });
        const file = Buffer.concat([Buffer.from(`.encoding = "${name}"${end}`), ...lines]);
        const read = parseVmx(file, 'test.vmx');
        expect(read.flaws).toEqual([]);
        expect(new Map(read.settings)).toEqual(new Map([['.encoding', name], ...settings]));
      }),
    );
  });

  test('are the same in every encoding', () => {
    fc.assert(
      fc.property(settingsIn(LETTERS), (settings) => {
        const lines = [...settings].map(([key, value]) => `${key} = "${escaped(value)}"\n`).join('');
        const read = ENCODINGS.map(({ name, bytes }) => {
          const { settings: found } = parseVmx(bytes(`.encoding = "${name}"\n${lines}`), 'test.vmx');
          return [...found].filter(([key]) => key !== '.encoding');
        });
        expect(read).toEqual(ENCODINGS.map(() => [...settings]));
      }),
    );
  });

  test('from any bytes are read, or refused as VMX_MALFORMED', () => {
    const lines = fc.array(
      fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constant(Buffer.from('a = "|e6|22"\n'))),
    );
    fc.assert(
      fc.property(lines, (parts) => {
        expect(['read', 'VMX_MALFORMED']).toContain(outcome(Buffer.concat(parts)));
      }),
    );
  });
});

function outcome(bytes: Uint8Array): string {
  try {
    return parseVmx(bytes, 'test.vmx').settings.size > 0 ? 'read' : 'nothing';
  } catch (error) {
    if (error instanceof XenferryError) return error.code;
    throw error;
  }
}
