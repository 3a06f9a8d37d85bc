const INDENT = '  ';

/**
 * What `JSON.stringify(value, null, 2)` gives, in pieces: the elements of each list that the document or one of its fields
 * is. Thousands of machines are never one text so, nor that text's bytes.
 */
export function* jsonPieces(value: unknown): Generator<string> {
  if (Array.isArray(value)) yield* listPieces(value, '');
  else if (!isPlainObject(value)) yield JSON.stringify(value, null, INDENT);
  else {
    let before = '{';
    for (const [name, field] of Object.entries(value)) {
      // As JSON leaves them out.
      if (field === undefined || typeof field === 'function' || typeof field === 'symbol') continue;
      yield `${before}\n${INDENT}${JSON.stringify(name)}: `;
      if (Array.isArray(field)) yield* listPieces(field, INDENT);
      else yield indented(field, INDENT);
      before = ',';
    }
    yield before === '{' ? '{}' : '\n}';
  }
}

function* listPieces(list: readonly unknown[], indent: string): Generator<string> {
  let before = '[';
  for (const element of list) {
    const inner = indent + INDENT;
    yield `${before}\n${inner}${indented(element, inner)}`;
    before = ',';
  }
  yield before === '[' ? '[]' : `\n${indent}]`;
}

/** No text in JSON has a line break of its own. */
function indented(value: unknown, indent: string): string {
  return (JSON.stringify(value, null, INDENT) ?? 'null').replaceAll('\n', `\n${indent}`);
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !('toJSON' in value);
}
