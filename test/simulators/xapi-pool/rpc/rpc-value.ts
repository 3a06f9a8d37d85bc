/** A value as it came over the wire or goes out, before its type is known to fit. */
export type RpcValue =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'datetime'; readonly value: string }
  | { readonly kind: 'null' }
  | { readonly kind: 'array'; readonly items: readonly RpcValue[] }
  | { readonly kind: 'struct'; readonly members: ReadonlyMap<string, RpcValue> };

/** How deep values may lie in one another. */
export const MAX_DEPTH = 64;

export function textValue(value: string): RpcValue {
  return { kind: 'string', value };
}

export function texts(values: readonly string[]): RpcValue {
  return { kind: 'array', items: values.map(textValue) };
}

export function struct(members: Readonly<Record<string, RpcValue>>): RpcValue {
  return { kind: 'struct', members: new Map(Object.entries(members)) };
}

/** As the server writes a value into the message about one that does not fit. */
export function shown(value: RpcValue): string {
  switch (value.kind) {
    case 'int':
      return `I(${value.value})`;
    case 'float':
      return `F(${value.value})`;
    case 'bool':
      return `B(${value.value})`;
    case 'string':
      return `S(${value.value})`;
    case 'datetime':
      return `D(${value.value})`;
    case 'null':
      return 'N';
    case 'array':
      return `[${value.items.map(shown).join(';')}]`;
    case 'struct':
      return `{${[...value.members].map(([name, member]) => `${name}:${shown(member)}`).join(';')}}`;
  }
}
