/** From the least to the most powerful; each may do what those before it may. */
export const ROLES = [
  'read-only',
  'vm-operator',
  'vm-admin',
  'vm-power-admin',
  'pool-operator',
  'pool-admin',
] as const;

export type Role = (typeof ROLES)[number];

/** A value as the database keeps it; its type is told by the model, not by itself. */
export type Value =
  | string
  | number
  | boolean
  | readonly Value[]
  | ReadonlySet<string>
  | { readonly [key: string]: Value };

export interface FieldModel {
  readonly name: string;
  /** As the API's own documents write types: `string`, `VM ref`, `(string -> string) map`, `enum vm_power_state`. */
  readonly type: string;
  /** Who may give it a value: everybody at any time, whoever creates the object, or the pool alone. */
  readonly access: 'RW' | 'constructor' | 'runtime';
  /** The least role that may set it, where it has a setter of its own. */
  readonly writer?: Role;
  readonly initial?: Value;
}

export interface ParameterModel {
  readonly name: string;
  readonly type: string;
  readonly initial?: Value;
}

export interface MessageModel {
  readonly name: string;
  readonly role: Role;
  readonly result: string;
  readonly params: readonly ParameterModel[];
  readonly async?: true;
  /** False for what is called to get a session. */
  readonly session?: false;
  readonly kind?: 'make';
}

export interface ClassModel {
  readonly name: string;
  /** Whether get_all and its relatives exist. */
  readonly listed: boolean;
  readonly fields: readonly FieldModel[];
  readonly messages: readonly MessageModel[];
}
