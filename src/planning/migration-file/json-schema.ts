import { z } from 'zod';
import { MIGRATION_SCHEMA } from './schema.js';

/** The shape of migration files as JSON Schema (draft 7), for editors; `docs/migration.schema.json` is this. */
export function migrationJsonSchema(): unknown {
  return {
    title: 'Xenferry migration',
    ...z.toJSONSchema(MIGRATION_SCHEMA, { target: 'draft-7', io: 'input' }),
  };
}
