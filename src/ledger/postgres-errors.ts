import { systemErrorCode, XenferryError } from '../model/errors.js';
import { ledgerError } from './store.js';

/**
 * Conditions after which the same statement may well succeed: lost connections, servers that stop or start, and
 * transactions that lost against others (PostgreSQL's appendix "Error Codes"; Node's system errors).
 */
const PASSING =
  /^(?:08...|40001|40P01|53300|57P01|57P02|57P03|25P03|ECONNRESET|ECONNREFUSED|ECONNABORTED|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)$/;
/** What the driver says without a code. */
const CONNECTION_LOST =
  /^Connection terminated|^timeout e(?:xpired|xceeded)|^Client (?:was closed|has encountered a connection error)|^Query read timeout/;
const UNAUTHORIZED = /^28...$|^3D000$|^42501$/;
const NO_SPACE = '53100';

/** Whether to try again. */
export function mayPass(error: unknown): boolean {
  if (PASSING.test(systemErrorCode(error) ?? '')) return true;
  // The driver tries all addresses of a name and throws what came of each.
  if (error instanceof AggregateError) return error.errors.some(mayPass);
  return error instanceof Error && CONNECTION_LOST.test(error.message);
}

/** `shown`: the database's place, for the message. */
export function postgresError(cause: unknown, shown: string): XenferryError {
  if (cause instanceof XenferryError) return cause;
  const code = systemErrorCode(cause) ?? '';
  const said = cause instanceof Error && cause.message !== '' ? cause.message : code;
  if (code === NO_SPACE) {
    return new XenferryError('TARGET_NO_SPACE', `the disk of the ledger’s database is full: ${said}`, {
      file: shown,
      hint: 'Free space on the database’s server, then run the same command again.',
      cause,
    });
  }
  if (UNAUTHORIZED.test(code) || /password must be a (?:non-empty )?string|no password/i.test(said)) {
    return new XenferryError('LEDGER_UNAUTHORIZED', `the ledger’s database refuses: ${said}`, {
      file: shown,
      cause,
    });
  }
  if (mayPass(cause) || /certificate|self[- ]signed|SSL|TLS/i.test(`${said} ${code}`)) {
    return new XenferryError('LEDGER_UNREACHABLE', `the ledger’s database cannot be reached: ${said}`, {
      file: shown,
      cause,
    });
  }
  return ledgerError(cause, shown);
}
