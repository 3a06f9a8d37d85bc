import { XapiFailure } from '../failure.js';
import { NULL_REF } from '../fields.js';
import { CLASSES } from '../model/classes.js';
import { ENUMS } from '../model/enums.js';
import type { Value } from '../model/model-types.js';
import { type ValueType, valueType } from '../model/value-types.js';
import { type RpcValue, shown, struct, textValue } from './rpc-value.js';

function refused(expected: string, value: RpcValue): XapiFailure {
  return new XapiFailure('INTERNAL_ERROR', [`Failure("Expected ${expected}, got '${shown(value)}'")`]);
}

const DATE = /^(\d{4})-?(\d\d)-?(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?$/;

function date(value: RpcValue): string {
  const parts = value.kind === 'datetime' || value.kind === 'string' ? DATE.exec(value.value.trim()) : null;
  if (parts === null) {
    throw refused('date', value);
  }
  const [, year, month, day, hour, minute, second] = parts;
  return `${year}${month}${day}T${hour}:${minute}:${second}Z`;
}

function string(value: RpcValue): string {
  if (value.kind !== 'string') {
    throw refused('string', value);
  }
  // U+FFFD is what decoding leaves of bytes that are not UTF-8.
  if (value.value.includes('\ufffd')) {
    throw new XapiFailure('INVALID_VALUE', ['string', value.value]);
  }
  return value.value;
}

function enumerated(name: string, value: RpcValue): string {
  const text = value.kind === 'string' ? value.value : undefined;
  const exact = name === 'bond_mode';
  const found = ENUMS[name]?.find((one) =>
    exact ? one === text : one.toLowerCase() === text?.toLowerCase(),
  );
  if (found === undefined) {
    throw refused(name, value);
  }
  return found;
}

function constructed(name: string, value: RpcValue): Value {
  if (value.kind !== 'struct') {
    throw refused('dictionary', value);
  }
  const filled: Record<string, Value> = {};
  for (const field of CLASSES.get(name)?.fields ?? []) {
    if (field.access === 'runtime' || field.name === 'uuid') {
      continue;
    }
    const given = value.members.get(field.name);
    if (given !== undefined) {
      filled[field.name] = fromRpc(valueType(field.type), given);
    } else if (field.initial !== undefined) {
      filled[field.name] = field.initial;
    } else {
      const missing = `Server_helpers.Dispatcher_FieldNotFound("${field.name}")`;
      throw new XapiFailure('INTERNAL_ERROR', [missing]);
    }
  }
  return filled;
}

/** What came over the wire as a value of a type; throws INTERNAL_ERROR with the server's words. */
export function fromRpc(type: ValueType, value: RpcValue): Value {
  switch (type.kind) {
    case 'int':
      if (value.kind === 'int' || (value.kind === 'string' && /^-?\d+$/.test(value.value))) {
        return Number(value.value);
      }
      throw refused('int64', value);
    case 'float':
      if (value.kind === 'int' || value.kind === 'float') {
        return value.value;
      }
      if (value.kind === 'string' && /^-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?$/.test(value.value)) {
        return Number(value.value);
      }
      throw refused('float', value);
    case 'bool':
      if (value.kind !== 'bool') {
        throw refused('bool', value);
      }
      return value.value;
    case 'datetime':
      return date(value);
    case 'enum':
      return enumerated(type.name, value);
    case 'set':
      if (value.kind !== 'array') {
        throw refused('array', value);
      }
      return value.items.map((item) => fromRpc(type.of, item));
    case 'map': {
      if (value.kind !== 'struct') {
        throw refused('dictionary', value);
      }
      const entries = [...value.members].map(
        ([key, item]) => [String(fromRpc(type.key, textValue(key))), fromRpc(type.value, item)] as const,
      );
      return Object.fromEntries(entries);
    }
    case 'struct':
      return constructed(type.name, value);
    default:
      return string(value);
  }
}

function itemsOf(value: Value): readonly Value[] {
  return value instanceof Set ? [...value] : Array.isArray(value) ? value : [];
}

function entriesOf(value: Value): readonly (readonly [string, Value])[] {
  return typeof value === 'object' && !(value instanceof Set) ? Object.entries(value) : [];
}

/** An object as get_record and events tell it. */
function recordToRpc(className: string, values: Readonly<Record<string, Value>>): RpcValue {
  const fields = CLASSES.get(className)?.fields ?? [];
  return {
    kind: 'struct',
    members: new Map(
      fields.map(({ name, type }) => [name, toRpc(valueType(type), values[name] ?? NULL_REF)] as const),
    ),
  };
}

function eventToRpc(event: Readonly<Record<string, Value>>): RpcValue {
  const snapshot = event.snapshot;
  const className = String(event.class);
  return struct({
    id: { kind: 'int', value: Number(event.id) },
    timestamp: { kind: 'datetime', value: String(event.timestamp) },
    class: textValue(className.toLowerCase()),
    operation: textValue(String(event.operation)),
    ref: textValue(String(event.ref)),
    ...(snapshot === undefined
      ? {}
      : { snapshot: recordToRpc(className, Object.fromEntries(entriesOf(snapshot))) }),
  });
}

function batchToRpc(batch: Readonly<Record<string, Value>>): RpcValue {
  const counts = entriesOf(batch.valid_ref_counts ?? {}).map(
    ([name, count]) => [name, { kind: 'int', value: Number(count) }] as const,
  );
  return struct({
    events: {
      kind: 'array',
      items: itemsOf(batch.events ?? []).map((event) => eventToRpc(Object.fromEntries(entriesOf(event)))),
    },
    valid_ref_counts: struct(Object.fromEntries(counts)),
    token: textValue(String(batch.token)),
  });
}

/** A value of a type as it goes out. */
export function toRpc(type: ValueType, value: Value): RpcValue {
  switch (type.kind) {
    case 'int':
    case 'float':
      return { kind: type.kind, value: Number(value) };
    case 'bool':
      return { kind: 'bool', value: value === true };
    case 'datetime':
      return { kind: 'datetime', value: String(value) };
    case 'void':
      return textValue('');
    case 'set':
      return { kind: 'array', items: itemsOf(value).map((item) => toRpc(type.of, item)) };
    case 'map':
      return {
        kind: 'struct',
        members: new Map(entriesOf(value).map(([key, item]) => [key, toRpc(type.value, item)] as const)),
      };
    case 'record':
      return recordToRpc(type.name, Object.fromEntries(entriesOf(value)));
    case 'event batch':
      return batchToRpc(Object.fromEntries(entriesOf(value)));
    default:
      return textValue(String(value));
  }
}
