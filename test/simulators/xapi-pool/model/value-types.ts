/** A type of the API, taken apart. */
export type ValueType =
  | { readonly kind: 'string' | 'int' | 'float' | 'bool' | 'datetime' | 'void' | 'event batch' }
  | { readonly kind: 'ref' | 'enum' | 'record' | 'struct'; readonly name: string }
  | { readonly kind: 'set'; readonly of: ValueType }
  | { readonly kind: 'map'; readonly key: ValueType; readonly value: ValueType };

const PLAIN = ['string', 'int', 'float', 'bool', 'datetime', 'void', 'event batch'] as const;

const parsed = new Map<string, ValueType>();

/** Takes a type as the model writes it apart; throws for one that the API does not have. */
export function valueType(text: string): ValueType {
  const known = parsed.get(text);
  if (known !== undefined) {
    return known;
  }
  const type = parse(text);
  parsed.set(text, type);
  return type;
}

function parse(text: string): ValueType {
  const plain = PLAIN.find((kind) => kind === text);
  if (plain !== undefined) {
    return { kind: plain };
  }
  if (text.endsWith(' set')) {
    return { kind: 'set', of: parse(text.slice(0, -' set'.length)) };
  }
  const map = /^\((.+?) -> (.+)\) map$/.exec(text);
  if (map?.[1] !== undefined && map[2] !== undefined) {
    return { kind: 'map', key: parse(map[1]), value: parse(map[2]) };
  }
  const named =
    /^(?:enum (?<enum>\w+)|(?<struct>\w+) record \(struct\)|(?<ref>\w+) ref|(?<record>\w+) record)$/.exec(
      text,
    )?.groups;
  for (const kind of ['ref', 'enum', 'record', 'struct'] as const) {
    const name = named?.[kind];
    if (name !== undefined) {
      return { kind, name };
    }
  }
  throw new Error(`No such type in the API: ${text}`);
}
