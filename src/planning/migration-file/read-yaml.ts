import {
  Composer,
  type CST,
  type DocumentOptions,
  Lexer,
  LineCounter,
  type ParseOptions,
  Parser,
  type SchemaOptions,
} from 'yaml';
import type { FaultPath } from './fault.js';
import { type YamlFault, YamlValues } from './yaml-values.js';

/** What the composer walks into by recursion: a mapping in a block takes two. */
const MAX_DEPTH = 100;
/** Documents, directives and the like, of which a good file has one or two. */
const MAX_TOP_TOKENS = 100;

const OPTIONS: ParseOptions & DocumentOptions & SchemaOptions = {
  version: '1.2',
  schema: 'core',
  stringKeys: true,
  // Looked for in linear time elsewhere.
  uniqueKeys: false,
  customTags: [],
  resolveKnownTags: false,
};

export interface YamlText {
  /** Lists, mappings, text, numbers, booleans and null. */
  readonly value: unknown;
  readonly faults: readonly YamlFault[];
  /** Whether the text could be read only in part, so that what is missing in `value` means nothing. */
  readonly broken: boolean;
  /** Where the value at a path begins, or its key; for what is not there, where what should have it begins. */
  readonly offsetOf: (path: FaultPath, about: 'key' | 'value') => number;
  /** Line and column from 1. */
  readonly positionAt: (offset: number) => { readonly line: number; readonly column: number };
}

/**
 * Reads one document of YAML 1.2 (and so JSON), with text as keys and without tags. Never throws; depth and number of
 * the values are bounded, aliases counted as often as they repeat something.
 */
export function readYaml(text: string): YamlText {
  const lines = new LineCounter();
  const positionAt = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const tokens = tokensOf(text, lines);
  if (!Array.isArray(tokens)) return { ...UNREADABLE, faults: [tokens], positionAt };
  const [document, another] = new Composer(OPTIONS).compose(tokens, true, text.length);
  if (document === undefined) return { ...UNREADABLE, positionAt };
  const values = new YamlValues(document.contents);
  const found = [...document.errors, ...document.warnings].map(({ pos, message }) => ({
    offset: pos[0],
    message,
  }));
  if (another !== undefined) {
    found.push({ offset: another.range[0], message: 'a second document begins here; a migration is one' });
  }
  return {
    value: values.root,
    faults: [...found, ...values.faults],
    broken: document.errors.length > 0,
    offsetOf: (path, about) => values.offsetOf(path, about),
    positionAt,
  };
}

const UNREADABLE = {
  value: null,
  faults: [],
  broken: true,
  offsetOf: () => 0,
} as const satisfies Partial<YamlText>;

/** The parser needs no stack of its own, so depth is judged before anything recurses. */
function tokensOf(text: string, lines: LineCounter): CST.Token[] | YamlFault {
  lines.addNewLine(0);
  const parser = new Parser(lines.addNewLine);
  const tokens: CST.Token[] = [];
  let tops = 0;
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) {
      tokens.push(token);
      if (!['comment', 'newline', 'space'].includes(token.type)) tops++;
    }
    if (parser.stack.length > MAX_DEPTH) return { offset: parser.offset, message: 'nested too deeply' };
    if (tops > MAX_TOP_TOKENS) return { offset: parser.offset, message: 'not one YAML document' };
  }
  return [...tokens, ...parser.end()];
}
