import type { Row } from './database.js';
import { XapiFailure } from './failure.js';
import type { Value } from './model/model-types.js';

/** Whether an object fits. */
type Fits = (row: Row) => boolean;
/** What is compared: a field's text, or a text. */
type Term = (row: Row) => string;

/** How deep a question may be nested. */
const DEEPEST = 100;

/** What begins the name of a field that the database keeps with two underscores after it. */
const SPACES = /^(?:name|memory|VCPUs|actions|PV|HVM|API_version|qos)_(?!_)/;

function databaseText(value: Value): string {
  if (value instanceof Set || Array.isArray(value)) {
    return `(${[...value].map((one) => `'${databaseText(one)}'`).join(' ')})`;
  }
  return typeof value === 'object'
    ? `(${Object.entries(value)
        .map(([key, one]) => `('${key}' '${databaseText(one)}')`)
        .join(' ')})`
    : String(value);
}

function refused(expression: string): XapiFailure {
  return new XapiFailure('INTERNAL_ERROR', [`Db_filter.Expression_error("${expression}")`]);
}

/** A question as a client writes it: `not field "is_a_template" = "true" or field "name__label" = "web"`. */
class Question {
  private readonly words: readonly string[];
  private readonly text: string;
  private at = 0;
  private depth = 0;

  constructor(text: string) {
    this.text = text;
    this.words = text.match(/"[^"]*"|[a-z]+|\S/g) ?? [];
  }

  read(): Fits {
    const fits = this.expression();
    if (this.at < this.words.length) {
      throw refused(this.text);
    }
    return fits;
  }

  /** `and` and `or` bind alike, from the left; what stands behind `not` reaches to the end. */
  private expression(): Fits {
    let left = this.operand();
    while (this.words[this.at] === 'and' || this.words[this.at] === 'or') {
      const both = this.next() === 'and';
      const [before, after] = [left, this.operand()];
      left = (row) => (both ? before(row) && after(row) : before(row) || after(row));
    }
    return left;
  }

  private operand(): Fits {
    this.depth += 1;
    if (this.depth > DEEPEST) {
      throw refused(this.text);
    }
    const fits = this.operandHere();
    this.depth -= 1;
    return fits;
  }

  private operandHere(): Fits {
    switch (this.words[this.at]) {
      case 'true':
        this.next();
        return () => true;
      case 'false':
        this.next();
        return () => false;
      case 'not': {
        this.next();
        const inner = this.expression();
        return (row) => !inner(row);
      }
      case '(': {
        this.next();
        const inner = this.expression();
        this.expect(')');
        return inner;
      }
      default: {
        const left = this.term();
        this.expect('=');
        const right = this.term();
        return (row) => left(row) === right(row);
      }
    }
  }

  private term(): Term {
    const word = this.next();
    if (word !== 'field') {
      const text = this.quoted(word);
      return () => text;
    }
    const name = this.quoted(this.next());
    const field = name.replace('__', '_');
    return (row) => {
      if (SPACES.test(name) || row.values[field] === undefined) {
        throw new XapiFailure('INTERNAL_ERROR', [`Db_exn.DBCache_NotFound("missing column", "${name}")`]);
      }
      return databaseText(row.value(field));
    };
  }

  private quoted(word: string): string {
    if (!word.startsWith('"') || word.length < 2) {
      throw refused(this.text);
    }
    return word.slice(1, -1);
  }

  private next(): string {
    const word = this.words[this.at] ?? '';
    this.at += 1;
    return word;
  }

  private expect(word: string): void {
    if (this.next() !== word) {
      throw refused(this.text);
    }
  }
}

/** Those of the objects that a question asks for. Throws INTERNAL_ERROR for what is no question. */
export function filtered(rows: readonly Row[], expression: string): readonly Row[] {
  return rows.filter(new Question(expression).read());
}
