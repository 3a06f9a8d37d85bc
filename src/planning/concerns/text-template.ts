import { type Expression, ExpressionFault, parseExpression } from './expressions.js';

/** Text with CEL expressions in it. */
export interface TextTemplate {
  /** With the offset at which each stands in the whole text, in UTF-16 units. */
  readonly expressions: readonly { readonly expression: Expression; readonly offset: number }[];
  /** Throws when an expression fails or gives neither text, number nor truth value. */
  readonly fill: (context: Readonly<Record<string, unknown>>) => string;
}

/** Reads text in which `${...}` holds CEL; braces and quotes in it may nest. Throws an ExpressionFault. */
export function parseTemplate(text: string): TextTemplate {
  const pieces: (string | Expression)[] = [];
  const expressions: { expression: Expression; offset: number }[] = [];
  let at = 0;
  for (;;) {
    const open = text.indexOf('${', at);
    if (open === -1) break;
    const close = closingBrace(text, open + 2);
    const expression = parseAt(text.slice(open + 2, close), open + 2);
    expressions.push({ expression, offset: open + 2 });
    pieces.push(text.slice(at, open), expression);
    at = close + 1;
  }
  pieces.push(text.slice(at));
  return {
    expressions,
    fill: (context) =>
      pieces.map((piece) => (typeof piece === 'string' ? piece : shown(piece, context))).join(''),
  };
}

function parseAt(text: string, offset: number): Expression {
  try {
    return parseExpression(text);
  } catch (error) {
    if (error instanceof ExpressionFault) throw new ExpressionFault(error.message, offset + error.offset);
    throw error;
  }
}

function closingBrace(text: string, from: number): number {
  let depth = 0;
  let quote: string | null = null;
  for (let at = from; at < text.length; at++) {
    const character = text.charAt(at);
    if (quote !== null) {
      if (character === '\\') at++;
      else if (character === quote) quote = null;
    } else if (character === '"' || character === "'") quote = character;
    else if (character === '{') depth++;
    else if (character === '}' && depth-- === 0) return at;
  }
  throw new ExpressionFault('"${" has no closing brace', from - 2);
}

function shown(expression: Expression, context: Readonly<Record<string, unknown>>): string {
  const value = expression.evaluate(context);
  if (['string', 'number', 'bigint', 'boolean'].includes(typeof value)) return String(value);
  throw new Error(`\${${expression.text}} is neither text nor number`);
}
