import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CLASSES } from '../../simulators/xapi-pool/model/classes.js';
import { ENUMS } from '../../simulators/xapi-pool/model/enums.js';
import { ROLES } from '../../simulators/xapi-pool/model/model-types.js';
import { initialOf, WIRE_MESSAGES } from '../../simulators/xapi-pool/model/wire-messages.js';

const CHECKOUT = fileURLToPath(new URL('../../..', import.meta.url));
/** Not part of the project: where it lies is told from outside. */
const XAPI_MODEL =
  process.env.XENFERRY_XAPI_MODEL ?? join(CHECKOUT, '..', 'shared', 'reference', 'xapi-model.json');

const MODEL = z.object({
  enums: z.record(z.string(), z.array(z.string())),
  errors: z.record(z.string(), z.unknown()),
  classes: z.record(
    z.string(),
    z.object({
      has_get_all: z.boolean(),
      fields: z.array(
        z.object({
          name: z.string(),
          type: z.string(),
          qualifier: z.string(),
          internal_only: z.boolean(),
          default: z.unknown().optional(),
        }),
      ),
      messages: z.array(
        z.object({
          wire: z.string(),
          async: z.boolean(),
          session: z.boolean(),
          kind: z.string(),
          result: z.string(),
          params: z.array(z.object({ name: z.string(), type: z.string(), default: z.unknown().optional() })),
          roles: z.array(z.string()),
          ctor_required: z.array(z.string()).optional(),
        }),
      ),
    }),
  ),
});

const there = existsSync(XAPI_MODEL);
const model = there
  ? MODEL.parse(JSON.parse(readFileSync(XAPI_MODEL, 'utf8')))
  : { enums: {}, errors: {}, classes: {} };
const published = new Map(
  Object.values(model.classes).flatMap(({ messages }) => messages.map((message) => [message.wire, message])),
);

describe.skipIf(!there)('the simulated pool has the data model of the API', () => {
  it.each([...CLASSES.values()])('$name has all its fields', ({ name, fields, listed }) => {
    const theirs = model.classes[name];
    const access = { RW: 'RW', constructor: 'RO/constructor', runtime: 'RO/runtime' };
    expect(listed).toBe(theirs?.has_get_all);
    expect(fields.map((field) => [field.name, field.type, access[field.access], field.initial])).toEqual(
      theirs?.fields
        .filter((field) => !field.internal_only)
        .map((field) => [field.name, field.type, field.qualifier, field.default]),
    );
  });

  it.each([...CLASSES.values()])('$name asks its constructor for what the API asks for', ({
    name,
    fields,
  }) => {
    const make = published.get(`${name}.create`);
    if (make?.ctor_required !== undefined) {
      const asked = fields.filter(
        (field) => field.access !== 'runtime' && field.initial === undefined && field.name !== 'uuid',
      );
      expect(asked.map((field) => field.name).sort()).toEqual([...make.ctor_required].sort());
    }
  });

  it('every method is called as in the API', () => {
    for (const message of WIRE_MESSAGES.values()) {
      const theirs = published.get(message.wire);
      const result = message.result === 'event batch' ? 'event record set' : message.result;
      const least = ROLES.find((role) => theirs?.roles.includes(role));
      expect({
        wire: message.wire,
        params: message.params.map(({ name: _name, ...rest }) => rest),
        result,
        async: message.async,
        session: message.session,
        role: message.role,
      }).toEqual({
        wire: theirs?.wire,
        params: theirs?.params.map((param) => ({
          type: param.type,
          ...(param.default === undefined ? {} : { initial: param.default }),
        })),
        result: theirs?.result,
        async: theirs?.async,
        session: theirs?.session,
        role: least,
      });
    }
  });

  it('nothing fails with a code that the API does not have', () => {
    const sources = join(CHECKOUT, 'test', 'simulators', 'xapi-pool');
    const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    );
    const codes = files.flatMap((name) => {
      const text = readFileSync(join(sources, name), 'utf8');
      return [...text.matchAll(/XapiFailure\(\s*'(?<code>\w+)'/g)].map(({ groups }) => groups?.code ?? '');
    });
    // These two are raised by what lies below the API, which does not document them.
    const undocumented = /^(?:VDI_IO_ERROR|SR_BACKEND_FAILURE_\d+)$/;
    expect(codes.length).toBeGreaterThan(50);
    expect(codes.filter((code) => !undocumented.test(code) && !Object.hasOwn(model.errors, code))).toEqual(
      [],
    );
  });

  it('enumerations have their values in order', () => {
    for (const [name, values] of Object.entries(ENUMS)) {
      expect([name, values]).toEqual([name, model.enums[name]]);
    }
  });
});

it('every field has a value of its type to begin with', () => {
  for (const { name, fields } of CLASSES.values()) {
    for (const field of fields) {
      const value = initialOf(field);
      const kind = field.type.endsWith('set') ? 'array' : field.type.endsWith('map') ? 'object' : undefined;
      if (kind !== undefined) {
        expect([name, field.name, Array.isArray(value) ? 'array' : typeof value]).toEqual([
          name,
          field.name,
          kind,
        ]);
      }
    }
  }
});
