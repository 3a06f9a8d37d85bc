/** A section of LVM's text metadata: settings and sections by name. */
export interface LvmSection {
  readonly [name: string]: LvmValue | undefined;
}
export type LvmValue = string | number | readonly (string | number)[] | LvmSection;

/** lvm.conf(5): comments end with the line; strings have backslash escapes. */
const TOKEN = /\s+|#[^\n]*|"((?:[^"\\]|\\.)*)"|(-?\d+(?:\.\d+)?)(?![\w.+-])|([\w.+-]+)|([{}[\]=,])/gsy;
const MAX_DEPTH = 8;

type Token =
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'word'; readonly value: string }
  | { readonly kind: 'mark'; readonly value: string };

/** Null when the text is not of that form, or is nested deeper than LVM's ever is. */
export function parseLvmText(text: string): LvmSection | null {
  const tokens = tokensOf(text);
  if (tokens === null) return null;
  const reader = new LvmReader(tokens);
  const section = reader.section(0);
  return reader.atEnd ? section : null;
}

function tokensOf(text: string): Token[] | null {
  const tokens: Token[] = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    end = match.index + match[0].length;
    const [, quoted, number, word, mark] = match;
    if (quoted !== undefined) tokens.push({ kind: 'text', value: quoted.replaceAll(/\\(.)/gs, '$1') });
    else if (number !== undefined) tokens.push({ kind: 'number', value: Number(number) });
    else if (word !== undefined) tokens.push({ kind: 'word', value: word });
    else if (mark !== undefined) tokens.push({ kind: 'mark', value: mark });
  }
  return end === text.length ? tokens : null;
}

class LvmReader {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get atEnd(): boolean {
    return this.#next === this.#tokens.length;
  }

  /** Up to its closing brace, or the end. */
  section(depth: number): LvmSection | null {
    const found = new Map<string, LvmValue>();
    while (!this.atEnd && !this.#isMark('}')) {
      const name = this.#take();
      if (name === undefined || name.kind === 'mark' || depth > MAX_DEPTH) return null;
      const value = this.#takeMark('=') ? this.#value() : this.#braced(depth);
      if (value === null) return null;
      found.set(String(name.value), value);
    }
    return Object.freeze(Object.assign(Object.create(null), Object.fromEntries(found)));
  }

  #braced(depth: number): LvmSection | null {
    if (!this.#takeMark('{')) return null;
    const section = this.section(depth + 1);
    return this.#takeMark('}') ? section : null;
  }

  #value(): LvmValue | null {
    if (!this.#takeMark('[')) return this.#scalar();
    const values: (string | number)[] = [];
    while (!this.#takeMark(']')) {
      const value = this.#scalar();
      if (value === null) return null;
      values.push(value);
      this.#takeMark(',');
    }
    return values;
  }

  #scalar(): string | number | null {
    const token = this.#take();
    return token === undefined || token.kind === 'mark' ? null : token.value;
  }

  #take(): Token | undefined {
    const token = this.#tokens[this.#next];
    this.#next += 1;
    return token;
  }

  #isMark(mark: string): boolean {
    const token = this.#tokens[this.#next];
    return token?.kind === 'mark' && token.value === mark;
  }

  #takeMark(mark: string): boolean {
    if (!this.#isMark(mark)) return false;
    this.#next += 1;
    return true;
  }
}
