import { type Call, type Method, target, VOID } from '../call.js';
import type { Row } from '../database.js';
import { XapiFailure } from '../failure.js';
import { filtered } from '../filter.js';
import type { Value } from '../model/model-types.js';
import type { WireMessage } from '../model/wire-messages.js';

function add(call: Call, message: WireMessage, field: string): Value {
  const row = target(call, message.className);
  if (!('key' in call.args.values)) {
    const kept = row.list(field);
    const value = call.args.text('value');
    row.set({ [field]: kept.includes(value) ? kept : [...kept, value] });
    return VOID;
  }
  const key = call.args.text('key');
  const map = row.map(field);
  if (Object.hasOwn(map, key)) {
    throw new XapiFailure('MAP_DUPLICATE_KEY', [message.className, field, row.ref, key]);
  }
  row.set({ [field]: { ...map, [key]: call.args.value('value') } });
  return VOID;
}

function remove(call: Call, message: WireMessage, field: string): Value {
  const row = target(call, message.className);
  if ('key' in call.args.values) {
    const { [call.args.text('key')]: _gone, ...rest } = row.map(field);
    row.set({ [field]: rest });
  } else {
    row.set({ [field]: row.list(field).filter((one) => one !== call.args.text('value')) });
  }
  return VOID;
}

function records(rows: readonly Row[]): Value {
  return Object.fromEntries(rows.map((row) => [row.ref, row.values]));
}

/** The method behind a message that every class has; throws for one that is not simulated. */
export function implicitMethod(message: WireMessage): Method {
  const { className, kind, wire } = message;
  const field = message.field?.name ?? '';
  switch (kind) {
    case 'getter':
      return (call) => target(call, className).value(field);
    case 'setter':
      return (call) => {
        target(call, className).set({ [field]: call.args.value('value') });
        return VOID;
      };
    case 'add':
      return (call) => add(call, message, field);
    case 'remove':
      return (call) => remove(call, message, field);
    case 'get_record':
      return (call) => target(call, className).values;
    case 'get_by_uuid':
      return ({ state, args }) => state.database.byUuid(className, args.text('uuid')).ref;
    case 'get_by_name_label':
      return ({ state, args }) =>
        state.database
          .all(className)
          .filter((row) => row.text('name_label') === args.text('label'))
          .map((row) => row.ref);
    case 'get_all':
      return ({ state }) => state.database.all(className).map((row) => row.ref);
    case 'get_all_records':
      return ({ state }) => records(state.database.all(className));
    case 'get_all_records_where':
      return ({ state, args }) => records(filtered(state.database.all(className), args.text('expr')));
    default:
      throw new XapiFailure('NOT_IMPLEMENTED', [wire]);
  }
}
