import type { Row } from './database.js';
import type { Fields } from './fields.js';
import type { Role, Value } from './model/model-types.js';
import type { PoolState } from './pool-state.js';

/** One call as the methods see it: who calls, on which host, with what. */
export interface Call {
  readonly state: PoolState;
  /** The host that was called. */
  readonly host: Row;
  readonly args: Fields;
  /** `OpaqueRef:NULL` for calls that need no session. */
  readonly session: string;
  readonly role: Role;
  /** The task of a call that has one. */
  readonly task?: string;
}

export type Method = (call: Call) => Value | Promise<Value>;

export type Methods = Readonly<Record<string, Method>>;

/** What a method without a result gives. */
export const VOID = '';

/** The object that a parameter refers to; throws HANDLE_INVALID. */
export function target(call: Call, className: string, parameter = 'self'): Row {
  return call.state.database.get(className, call.args.text(parameter));
}
