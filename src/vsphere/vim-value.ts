/** A managed object: its class, and what the server calls it. */
export interface Ref {
  readonly type: string;
  readonly value: string;
}

/**
 * What an element of a reply says. Text without anything else is a string, numbers and flags too: a schema reads them,
 * as only it knows a size from a UUID of digits. A reference to a managed object is a `Ref`. Everything else is an object
 * by its children's names, in which a child that comes several times is a list and one that comes once is none; `_type`
 * is the class that `xsi:type` gives, without its prefix.
 */
export type VimValue = string | VimObject;

export interface VimObject {
  readonly [name: string]: VimValue | readonly VimValue[];
}

/**
 * What a call is given. Children stand in the order of the keys, which has to be the schema's: servers go by it. Lists
 * are elements of one name, what is undefined is left out. `_type` becomes `xsi:type`; with `_text` beside it, the
 * element has text of that type.
 */
export type VimArgument =
  | string
  | number
  | boolean
  | undefined
  | Ref
  | readonly VimArgument[]
  | { readonly [name: string]: VimArgument };

/** A text where the schema has `xsd:anyType`, which needs to be told. */
export function anyString(text: string): VimArgument {
  return { _type: 'xsd:string', _text: text };
}
