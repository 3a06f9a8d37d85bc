import type { ClassModel } from './model-types.js';

export const sessionClass: ClassModel = {
  name: 'session',
  listed: false,
  fields: [
    { name: 'uuid', type: 'string', access: 'runtime' },
    { name: 'this_host', type: 'host ref', access: 'runtime' },
    { name: 'this_user', type: 'user ref', access: 'runtime' },
    { name: 'last_active', type: 'datetime', access: 'runtime' },
    { name: 'pool', type: 'bool', access: 'runtime' },
    { name: 'other_config', type: '(string -> string) map', access: 'RW', writer: 'pool-admin', initial: {} },
    { name: 'is_local_superuser', type: 'bool', access: 'runtime', initial: false },
    { name: 'subject', type: 'subject ref', access: 'runtime', initial: 'OpaqueRef:NULL' },
    { name: 'validation_time', type: 'datetime', access: 'runtime', initial: '19700101T00:00:00Z' },
    { name: 'auth_user_sid', type: 'string', access: 'runtime', initial: '' },
    { name: 'auth_user_name', type: 'string', access: 'runtime', initial: '' },
    { name: 'rbac_permissions', type: 'string set', access: 'constructor', initial: [] },
    { name: 'tasks', type: 'task ref set', access: 'runtime' },
    { name: 'parent', type: 'session ref', access: 'constructor', initial: 'OpaqueRef:NULL' },
    { name: 'originator', type: 'string', access: 'runtime', initial: '' },
    { name: 'client_certificate', type: 'bool', access: 'runtime', initial: false },
  ],
  messages: [
    {
      name: 'login_with_password',
      role: 'read-only',
      result: 'session ref',
      session: false,
      params: [
        { name: 'uname', type: 'string' },
        { name: 'pwd', type: 'string' },
        { name: 'version', type: 'string', initial: '1.1' },
        { name: 'originator', type: 'string', initial: '' },
      ],
    },
    { name: 'logout', role: 'read-only', result: 'void', params: [] },
    {
      name: 'slave_local_login_with_password',
      role: 'pool-admin',
      result: 'session ref',
      session: false,
      params: [
        { name: 'uname', type: 'string' },
        { name: 'pwd', type: 'string' },
      ],
    },
    { name: 'local_logout', role: 'pool-admin', result: 'void', params: [] },
  ],
};

export const taskClass: ClassModel = {
  name: 'task',
  listed: true,
  fields: [
    { name: 'uuid', type: 'string', access: 'runtime' },
    { name: 'name_label', type: 'string', access: 'runtime', initial: '' },
    { name: 'name_description', type: 'string', access: 'runtime', initial: '' },
    { name: 'allowed_operations', type: 'enum task_allowed_operations set', access: 'runtime', initial: [] },
    {
      name: 'current_operations',
      type: '(string -> enum task_allowed_operations) map',
      access: 'runtime',
      initial: {},
    },
    { name: 'created', type: 'datetime', access: 'runtime' },
    { name: 'finished', type: 'datetime', access: 'runtime' },
    { name: 'status', type: 'enum task_status_type', access: 'runtime' },
    { name: 'resident_on', type: 'host ref', access: 'runtime' },
    { name: 'progress', type: 'float', access: 'runtime' },
    { name: 'type', type: 'string', access: 'runtime' },
    { name: 'result', type: 'string', access: 'runtime' },
    { name: 'error_info', type: 'string set', access: 'runtime' },
    { name: 'other_config', type: '(string -> string) map', access: 'runtime', initial: {} },
    { name: 'subtask_of', type: 'task ref', access: 'runtime', initial: 'OpaqueRef:NULL' },
    { name: 'subtasks', type: 'task ref set', access: 'runtime' },
    { name: 'backtrace', type: 'string', access: 'runtime', initial: '()' },
  ],
  messages: [
    {
      name: 'create',
      role: 'read-only',
      result: 'task ref',
      params: [
        { name: 'label', type: 'string' },
        { name: 'description', type: 'string' },
      ],
    },
    { name: 'destroy', role: 'read-only', result: 'void', params: [{ name: 'self', type: 'task ref' }] },
    {
      name: 'cancel',
      role: 'read-only',
      result: 'void',
      async: true,
      params: [{ name: 'task', type: 'task ref' }],
    },
    {
      name: 'set_status',
      role: 'read-only',
      result: 'void',
      params: [
        { name: 'self', type: 'task ref' },
        { name: 'value', type: 'enum task_status_type' },
      ],
    },
    {
      name: 'set_progress',
      role: 'read-only',
      result: 'void',
      params: [
        { name: 'self', type: 'task ref' },
        { name: 'value', type: 'float' },
      ],
    },
    {
      name: 'set_result',
      role: 'read-only',
      result: 'void',
      params: [
        { name: 'self', type: 'task ref' },
        { name: 'value', type: 'string' },
      ],
    },
    {
      name: 'set_error_info',
      role: 'read-only',
      result: 'void',
      params: [
        { name: 'self', type: 'task ref' },
        { name: 'value', type: 'string set' },
      ],
    },
    {
      name: 'add_to_other_config',
      role: 'read-only',
      result: 'void',
      async: true,
      params: [
        { name: 'self', type: 'task ref' },
        { name: 'key', type: 'string' },
        { name: 'value', type: 'string' },
      ],
    },
    {
      name: 'remove_from_other_config',
      role: 'read-only',
      result: 'void',
      async: true,
      params: [
        { name: 'self', type: 'task ref' },
        { name: 'key', type: 'string' },
      ],
    },
    {
      name: 'set_other_config',
      role: 'read-only',
      result: 'void',
      async: true,
      params: [
        { name: 'self', type: 'task ref' },
        { name: 'value', type: '(string -> string) map' },
      ],
    },
  ],
};

export const eventClass: ClassModel = {
  name: 'event',
  listed: false,
  fields: [
    { name: 'id', type: 'int', access: 'constructor' },
    { name: 'timestamp', type: 'datetime', access: 'constructor' },
    { name: 'class', type: 'string', access: 'constructor' },
    { name: 'operation', type: 'enum event_operation', access: 'constructor' },
    { name: 'ref', type: 'string', access: 'constructor' },
    { name: 'obj_uuid', type: 'string', access: 'constructor' },
  ],
  messages: [
    {
      name: 'from',
      role: 'read-only',
      result: 'event batch',
      params: [
        { name: 'classes', type: 'string set' },
        { name: 'token', type: 'string' },
        { name: 'timeout', type: 'float' },
      ],
    },
    { name: 'get_current_id', role: 'read-only', result: 'int', params: [] },
    {
      name: 'inject',
      role: 'read-only',
      result: 'string',
      params: [
        { name: 'class', type: 'string' },
        { name: 'ref', type: 'string' },
      ],
    },
  ],
};
