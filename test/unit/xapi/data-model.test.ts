import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { METHODS } from '../../../src/xapi/methods.js';

/** XAPI's own data model: classes with fields and messages. It is not ours to ship. */
const MODEL = '../shared/reference/xapi-model.json';

const SCHEMA = z.object({
  classes: z.record(
    z.string(),
    z.object({
      fields: z.array(z.object({ name: z.string() })),
      messages: z.array(
        z.object({
          wire: z.string(),
          kind: z.string(),
          async: z.boolean().optional(),
          params: z.array(z.object({ name: z.string() })),
          ctor_required: z.array(z.string()).optional(),
          ctor_optional: z.record(z.string(), z.unknown()).optional(),
        }),
      ),
    }),
  ),
});

describe.skipIf(!existsSync(MODEL))('the calls we make', () => {
  const { classes } = SCHEMA.parse(
    existsSync(MODEL) ? JSON.parse(readFileSync(MODEL, 'utf8')) : { classes: {} },
  );
  const methods: readonly [string, { params: z.ZodTuple; result: z.ZodType }][] = Object.entries(METHODS);

  it.each(methods)('%s is one of XAPI, with its parameters and fields', (name, { params, result }) => {
    const [className = ''] = name.split('.');
    const message = classes[className]?.messages.find(({ wire }) => wire === name);
    expect(message).toBeDefined();
    expect(params.def.items).toHaveLength(message?.params.length ?? -1);
    if (message?.kind === 'make' && params.def.items[0] instanceof z.ZodObject) {
      const given = Object.keys(params.def.items[0].shape);
      const known = [...(message.ctor_required ?? []), ...Object.keys(message.ctor_optional ?? {})];
      expect(given.filter((field) => !known.includes(field))).toEqual([]);
      expect((message.ctor_required ?? []).filter((field) => !given.includes(field))).toEqual([]);
    }
    const record = result instanceof z.ZodRecord ? result.valueType : result;
    if (record instanceof z.ZodObject && name.includes('record')) {
      const fields = classes[className]?.fields.map((field) => field.name) ?? [];
      expect(Object.keys(record.shape).filter((field) => !fields.includes(field))).toEqual([]);
    }
  });

  it.each([
    'VM.destroy',
    'VDI.create',
    'VDI.destroy',
    'pool.create_VLAN_from_PIF',
    'Bond.create',
    'VLAN.destroy',
    'VM.snapshot',
    'VM.start',
    'VM.migrate_send',
    'VM.pool_migrate',
    'VDI.copy',
    'VDI.pool_migrate',
  ])('%s can be a task', (name) => {
    const [className = ''] = name.split('.');
    expect(classes[className]?.messages.find(({ wire }) => wire === name)?.async).toBe(true);
  });
});
