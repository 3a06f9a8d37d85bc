import { expect, it } from 'vitest';
import { postgresError } from '../../../src/ledger/postgres-errors.js';

it.each([
  // What the driver says that was given no password, and an empty one.
  'SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string',
  'SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a non-empty string',
])('a password that is missing is no broken ledger: %s', (message) => {
  expect(postgresError(new Error(message), 'postgres://db/x').code).toBe('LEDGER_UNAUTHORIZED');
});
