import type { Call } from '../call.js';
import type { Row } from '../database.js';
import { XapiFailure } from '../failure.js';
import { Fields, NULL_REF } from '../fields.js';
import { implicitMethod } from '../methods/implicit.js';
import { METHODS } from '../methods/methods.js';
import { ROLES, type Role, type Value } from '../model/model-types.js';
import { valueType } from '../model/value-types.js';
import { WIRE_MESSAGES, type WireMessage } from '../model/wire-messages.js';
import { masterRow, type PoolState } from '../pool-state.js';
import { fromRpc, toRpc } from './marshal.js';
import { type RpcValue, texts, textValue } from './rpc-value.js';
import { xmlValue } from './xml-text.js';

const ASYNC = 'Async.';

/** Told to everybody, on every host, without a session. */
export const LIST_METHODS = 'system.listMethods';

/** What the program that runs machines does: it alone looks whether a task is to be cancelled. */
const CANCELLABLE =
  /^VM\.(?:start|start_on|resume|suspend|clean_shutdown|hard_shutdown|clean_reboot|hard_reboot|migrate_send|pool_migrate)$/;

/** Keys of a VM's other_config that take more, or less, than the field itself. */
const KEY_ROLES: readonly (readonly [key: RegExp, role: Role])[] = [
  [/^(?:pci|hvm_serial)$/, 'pool-admin'],
  [/^(?:folder|XenCenter\.CustomFields\..*)$/, 'vm-operator'],
];

function mayAct(role: Role, least: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(least);
}

function assertRole(message: WireMessage, role: Role, args: Fields): void {
  const permission = message.wire.toLowerCase();
  const protectedKeys = message.className === 'VM' && message.field?.name === 'other_config';
  const key = protectedKeys && 'key' in args.values ? args.text('key') : undefined;
  const keyRole = key === undefined ? undefined : KEY_ROLES.find(([pattern]) => pattern.test(key))?.[1];
  if (!mayAct(role, keyRole ?? message.role)) {
    const named = keyRole === undefined ? permission : `${permission}/key:${key}`;
    throw new XapiFailure('RBAC_PERMISSION_DENIED', [named, 'No permission in user session']);
  }
}

function entriesOf(value: Value | undefined): Record<string, Value> {
  return typeof value === 'object' ? Object.fromEntries(Object.entries(value)) : {};
}

function positional(message: WireMessage, method: string, given: readonly RpcValue[]): Fields {
  const least = message.params.filter(({ initial }) => initial === undefined).length;
  if (given.length < least || given.length > message.params.length) {
    const counts = [String(message.params.length), String(given.length)];
    throw new XapiFailure('MESSAGE_PARAMETER_COUNT_MISMATCH', [method, ...counts]);
  }
  const values: Record<string, Value> = {};
  message.params.forEach(({ name, type, initial }, index) => {
    const value = given[index];
    values[name] = value === undefined ? (initial ?? '') : fromRpc(valueType(type), value);
  });
  // A constructor has one parameter, which holds the fields.
  return message.kind === 'make' ? new Fields(entriesOf(values.args)) : new Fields(values);
}

function unknownMethod(state: PoolState, method: string, params: readonly RpcValue[]): XapiFailure {
  const [first] = params;
  if (first !== undefined) {
    state.sessions.use(first.kind === 'string' ? first.value : '');
  }
  return new XapiFailure('MESSAGE_METHOD_UNKNOWN', [method]);
}

async function perform(message: WireMessage, call: Call): Promise<RpcValue> {
  assertRole(message, call.role, call.args);
  const method = METHODS[message.wire] ?? implicitMethod(message);
  return toRpc(valueType(message.result), await method(call));
}

async function inBackground(message: WireMessage, call: Call, task: string): Promise<void> {
  const { tasks, timings } = call.state;
  try {
    if (CANCELLABLE.test(message.wire)) {
      tasks.setCancellable(task, true);
      await tasks.pause(task, timings.asyncMs);
      tasks.setCancellable(task, false);
    } else {
      await new Promise((resolve) => setTimeout(resolve, timings.asyncMs));
    }
    const result = await perform(message, { ...call, task });
    tasks.succeed(task, message.result === 'void' ? '' : xmlValue(result));
  } catch (error) {
    tasks.fail(task, error);
  }
}

function assertMaster(state: PoolState, host: Row): void {
  const master = masterRow(state);
  if (host.ref !== master.ref) {
    throw new XapiFailure('HOST_IS_SLAVE', [master.text('address')]);
  }
}

/** Calls that a member of the pool answers itself. */
const LOCAL: ReadonlySet<string> = new Set([
  'session.slave_local_login_with_password',
  'session.local_logout',
]);

function methodNames(): readonly string[] {
  return [...WIRE_MESSAGES.values()].flatMap(({ wire, async }) =>
    async ? [wire, `${ASYNC}${wire}`] : [wire],
  );
}

/** Calls a method; throws an XapiFailure. */
export async function dispatch(
  state: PoolState,
  host: Row,
  method: string,
  params: readonly RpcValue[],
): Promise<RpcValue> {
  if (method === LIST_METHODS) {
    return texts(methodNames());
  }
  const background = method.startsWith(ASYNC);
  const message = WIRE_MESSAGES.get(background ? method.slice(ASYNC.length) : method);
  if (message === undefined || (background && !message.async)) {
    throw unknownMethod(state, method, params);
  }
  const [first, ...rest] = params;
  if (message.session && first === undefined) {
    const counts = [String(message.params.length), '0'];
    throw new XapiFailure('MESSAGE_PARAMETER_COUNT_MISMATCH', [method, ...counts]);
  }
  const args = positional(message, method, message.session ? rest : params);
  const session =
    message.session && first !== undefined ? String(fromRpc(valueType('string'), first)) : NULL_REF;
  if (!LOCAL.has(message.wire)) {
    assertMaster(state, host);
  }
  const role = message.session ? state.sessions.use(session).user.role : 'pool-admin';
  const call: Call = { state, host, args, session, role };
  if (!background) {
    return perform(message, call);
  }
  const task = state.tasks.create(method, '', host.ref);
  state.tasks.give(task.ref, state.sessions.use(session).user.name);
  const work = inBackground(message, call, task.ref).finally(() => state.running.delete(work));
  state.running.add(work);
  return textValue(task.ref);
}
