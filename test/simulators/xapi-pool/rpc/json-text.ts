import { MAX_DEPTH, type RpcValue } from './rpc-value.js';

const SPACE = /[\t\n\r ]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?<fraction>\.\d+)?(?<exponent>[eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\]+|\\.)*"/y;

/** Reads JSON and keeps 5 and 5.0 apart, as the server does. */
class JsonReader {
  private at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  whole(): RpcValue {
    const value = this.value(0);
    this.take(SPACE);
    if (this.at < this.text.length) {
      throw this.wrong();
    }
    return value;
  }

  private value(depth: number): RpcValue {
    this.take(SPACE);
    const next = this.text[this.at];
    if (depth > MAX_DEPTH) {
      throw this.wrong();
    }
    if (next === '{') {
      return this.object(depth);
    }
    if (next === '[') {
      return this.array(depth);
    }
    if (next === '"') {
      return { kind: 'string', value: this.string() };
    }
    return (
      this.word('true', { kind: 'bool', value: true }) ??
      this.word('false', { kind: 'bool', value: false }) ??
      this.word('null', { kind: 'null' }) ??
      this.number()
    );
  }

  private word(word: string, value: RpcValue): RpcValue | undefined {
    if (!this.text.startsWith(word, this.at)) {
      return undefined;
    }
    this.at += word.length;
    return value;
  }

  private number(): RpcValue {
    NUMBER.lastIndex = this.at;
    const found = NUMBER.exec(this.text);
    if (found === null) {
      throw this.wrong();
    }
    this.at = NUMBER.lastIndex;
    const whole = found.groups?.fraction === undefined && found.groups?.exponent === undefined;
    return { kind: whole ? 'int' : 'float', value: Number(found[0]) };
  }

  private string(): string {
    const parsed: unknown = JSON.parse(this.take(STRING));
    if (typeof parsed !== 'string') {
      throw this.wrong();
    }
    return parsed;
  }

  private array(depth: number): RpcValue {
    const items: RpcValue[] = [];
    this.list(']', () => items.push(this.value(depth + 1)));
    return { kind: 'array', items };
  }

  private object(depth: number): RpcValue {
    const members = new Map<string, RpcValue>();
    this.list('}', () => {
      this.take(SPACE);
      const name = this.string();
      this.take(SPACE);
      this.expect(':');
      members.set(name, this.value(depth + 1));
    });
    return { kind: 'struct', members };
  }

  private list(end: string, item: () => void): void {
    this.at += 1;
    this.take(SPACE);
    if (this.text[this.at] === end) {
      this.at += 1;
      return;
    }
    for (;;) {
      item();
      this.take(SPACE);
      if (this.text[this.at] === end) {
        this.at += 1;
        return;
      }
      this.expect(',');
    }
  }

  private expect(character: string): void {
    if (this.text[this.at] !== character) {
      throw this.wrong();
    }
    this.at += 1;
  }

  private take(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found === null) {
      throw this.wrong();
    }
    this.at = pattern.lastIndex;
    return found[0];
  }

  private wrong(): Error {
    return new SyntaxError(`Not JSON at ${this.at}`);
  }
}

/** Throws a SyntaxError. */
export function parseJson(text: string): RpcValue {
  return new JsonReader(text).whole();
}

/** Whole numbers go out bare and floats always with a point. */
export function jsonText(value: RpcValue): string {
  switch (value.kind) {
    case 'int':
    case 'bool':
      return String(value.value);
    case 'float':
      return Number.isInteger(value.value) ? value.value.toFixed(1) : String(value.value);
    case 'string':
    case 'datetime':
      return JSON.stringify(value.value);
    case 'null':
      return 'null';
    case 'array':
      return `[${value.items.map(jsonText).join(',')}]`;
    case 'struct':
      return `{${[...value.members].map(([name, member]) => `${JSON.stringify(name)}:${jsonText(member)}`).join(',')}}`;
  }
}
