import { CLASSES } from './classes.js';
import type { ClassModel, FieldModel, ParameterModel, Role, Value } from './model-types.js';

export type MessageKind =
  | 'custom'
  | 'make'
  | 'getter'
  | 'setter'
  | 'add'
  | 'remove'
  | 'get_record'
  | 'get_by_uuid'
  | 'get_by_name_label'
  | 'get_all'
  | 'get_all_records'
  | 'get_all_records_where';

/** One method as it is called over the wire. */
export interface WireMessage {
  /** `VM.get_record` */
  readonly wire: string;
  readonly className: string;
  readonly kind: MessageKind;
  readonly role: Role;
  readonly params: readonly ParameterModel[];
  readonly result: string;
  readonly async: boolean;
  readonly session: boolean;
  /** What getters, setters, add and remove are about. */
  readonly field?: FieldModel;
}

/** What an implicit message has when nothing else is said. */
const IMPLICIT = { role: 'read-only', async: false, session: true } as const;

function fieldMessages(model: ClassModel, field: FieldModel): readonly WireMessage[] {
  const self: ParameterModel = { name: 'self', type: `${model.name} ref` };
  const common = { ...IMPLICIT, className: model.name, field };
  const messages: WireMessage[] = [
    {
      ...common,
      wire: `${model.name}.get_${field.name}`,
      kind: 'getter',
      params: [self],
      result: field.type,
    },
  ];
  if (field.writer === undefined) {
    return messages;
  }
  const writing = { ...common, role: field.writer, result: 'void' };
  const value = { name: 'value', type: field.type };
  messages.push({
    ...writing,
    wire: `${model.name}.set_${field.name}`,
    kind: 'setter',
    params: [self, value],
  });
  const map = /^\((.+?) -> (.+)\) map$/.exec(field.type);
  const item = map?.[2] ?? field.type.replace(/ set$/, '');
  if (map !== null || item !== field.type) {
    const key = { name: map === null ? 'value' : 'key', type: map?.[1] ?? item };
    const added = map === null ? [self, key] : [self, key, { name: 'value', type: item }];
    const named = (verb: string): string => `${model.name}.${verb}_${field.name}`;
    const verbs = map === null ? (['add', 'remove'] as const) : (['add_to', 'remove_from'] as const);
    messages.push({ ...writing, wire: named(verbs[0]), kind: 'add', params: added });
    messages.push({ ...writing, wire: named(verbs[1]), kind: 'remove', params: [self, key] });
  }
  return messages;
}

const VERBS = { set: 'setter', add: 'add', add_to: 'add', remove: 'remove', remove_from: 'remove' } as const;

/** What a class's own message does to a field, if it is named after one. */
function aboutField(model: ClassModel, name: string): Partial<Pick<WireMessage, 'kind' | 'field'>> {
  for (const [verb, kind] of Object.entries(VERBS)) {
    const field = model.fields.find((one) => name === `${verb}_${one.name}`);
    if (field !== undefined) {
      return { kind, field };
    }
  }
  return {};
}

function classMessages(model: ClassModel): readonly WireMessage[] {
  const self: ParameterModel = { name: 'self', type: `${model.name} ref` };
  const common = { ...IMPLICIT, className: model.name };
  const wire = (name: string): string => `${model.name}.${name}`;
  const [ref, record] = [`${model.name} ref`, `${model.name} record`];
  const messages: WireMessage[] = [];
  const has = (name: string): boolean => model.fields.some((field) => field.name === name);
  if (has('uuid')) {
    const uuid = { name: 'uuid', type: 'string' };
    messages.push({
      ...common,
      wire: wire('get_record'),
      kind: 'get_record',
      params: [self],
      result: record,
    });
    messages.push({ ...common, wire: wire('get_by_uuid'), kind: 'get_by_uuid', params: [uuid], result: ref });
    messages.push(...model.fields.flatMap((field) => fieldMessages(model, field)));
  }
  // The one pool is not looked for by its name.
  if (has('name_label') && model.name !== 'pool') {
    const params = [{ name: 'label', type: 'string' }];
    const result = `${ref} set`;
    messages.push({ ...common, wire: wire('get_by_name_label'), kind: 'get_by_name_label', params, result });
  }
  if (model.listed) {
    const result = `(${ref} -> ${record}) map`;
    messages.push({ ...common, wire: wire('get_all'), kind: 'get_all', params: [], result: `${ref} set` });
    messages.push({ ...common, wire: wire('get_all_records'), kind: 'get_all_records', params: [], result });
    const where = { kind: 'get_all_records_where', params: [{ name: 'expr', type: 'string' }] } as const;
    messages.push({ ...common, wire: wire('get_all_records_where'), ...where, result });
  }
  for (const { name, async = false, session = true, kind = 'custom', ...rest } of model.messages) {
    const common = { ...rest, className: model.name, wire: wire(name), async, session };
    messages.push({ ...common, kind, ...aboutField(model, name) });
  }
  return messages;
}

/** Every method of the simulated pool by its name on the wire; a class's own come over the implicit ones. */
export const WIRE_MESSAGES: ReadonlyMap<string, WireMessage> = new Map(
  [...CLASSES.values()].flatMap((model) => classMessages(model).map((message) => [message.wire, message])),
);

/** What a field holds in an object that nobody gave a value for it. */
export function initialOf({ initial, type }: Pick<FieldModel, 'initial' | 'type'>): Value {
  if (initial !== undefined) {
    return initial;
  }
  if (type.endsWith(' set')) {
    return [];
  }
  if (type.endsWith(' map')) {
    return {};
  }
  if (type.endsWith(' ref')) {
    return 'OpaqueRef:NULL';
  }
  const plain: Readonly<Record<string, Value>> = {
    bool: false,
    int: 0,
    float: 0,
    datetime: '19700101T00:00:00Z',
  };
  return plain[type] ?? '';
}
