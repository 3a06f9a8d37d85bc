import { timestamp } from './clock.js';
import type { Database, Row } from './database.js';
import { XapiFailure } from './failure.js';
import { ROLES, type Role } from './model/model-types.js';
import { WIRE_MESSAGES } from './model/wire-messages.js';

export interface User {
  readonly name: string;
  readonly password: string;
  readonly role: Role;
}

interface Session {
  readonly row: Row;
  readonly user: User;
  readonly originator: string;
  lastUsed: number;
}

/** How many sessions each originator may have; the one unused for longest goes. */
const SESSIONS_PER_ORIGINATOR = 500;

/** What a role may call, as sessions tell it; the local superuser, who may do everything, is told nothing. */
function permissionsOf(role: Role): readonly string[] {
  const rank = ROLES.indexOf(role);
  return role === 'pool-admin'
    ? []
    : [...WIRE_MESSAGES.values()]
        .filter((message) => ROLES.indexOf(message.role) <= rank)
        .map(({ wire }) => wire.toLowerCase());
}

export interface SessionOptions {
  readonly users: readonly User[];
  /** How long a wrong password takes to be refused. */
  readonly loginDelayMs: number;
  /** How long a session lives without being used. */
  readonly idleMs: number;
}

/** Who is logged in. */
export class Sessions {
  private readonly sessions = new Map<string, Session>();
  private readonly database: Database;
  private readonly options: SessionOptions;

  constructor(database: Database, options: SessionOptions) {
    this.database = database;
    this.options = options;
  }

  /** Throws SESSION_AUTHENTICATION_FAILED after the delay that a wrong password costs. */
  async login(name: string, password: string, originator: string, host: string): Promise<Row> {
    const user = this.options.users.find((one) => one.name === name && one.password === password);
    if (user === undefined) {
      await new Promise((resolve) => setTimeout(resolve, this.options.loginDelayMs));
      throw new XapiFailure('SESSION_AUTHENTICATION_FAILED', [name, 'Authentication failure']);
    }
    const row = this.database.create('session', {
      this_host: host,
      last_active: timestamp(),
      is_local_superuser: user.role === 'pool-admin',
      rbac_permissions: permissionsOf(user.role),
      auth_user_name: name,
      originator,
      pool: false,
    });
    this.sessions.set(row.ref, { row, user, originator, lastUsed: Date.now() });
    this.evict(originator);
    return row;
  }

  knows(ref: string): boolean {
    return this.sessions.has(ref);
  }

  /** Throws SESSION_INVALID. */
  use(ref: string): Session {
    const session = this.sessions.get(ref);
    if (session === undefined || Date.now() - session.lastUsed > this.options.idleMs) {
      this.drop(ref);
      throw new XapiFailure('SESSION_INVALID', [ref]);
    }
    session.lastUsed = Date.now();
    // The order of the map is the order of last use.
    this.sessions.delete(ref);
    this.sessions.set(ref, session);
    return session;
  }

  drop(ref: string): void {
    const session = this.sessions.get(ref);
    if (session !== undefined) {
      this.sessions.delete(ref);
      this.database.destroy(session.row);
    }
  }

  private evict(originator: string): void {
    const same = [...this.sessions].filter(([, session]) => session.originator === originator);
    for (const [ref] of same.slice(0, Math.max(0, same.length - SESSIONS_PER_ORIGINATOR))) {
      this.drop(ref);
    }
  }
}
