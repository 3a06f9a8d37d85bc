import type { Api } from './client/api.js';
import type { Live } from './client/live.js';
import type { Role, Session } from './documents.js';
import { ROLES } from './documents.js';
import type { Question } from './parts/dialog.js';

/** What every screen is given. */
export interface AppContext {
  readonly api: Api;
  readonly live: Live;
  readonly session: Session;
  /** Says it to a screen reader, and shows it for a while. */
  announce(text: string): void;
  /** Asks the operator; which of the choices was confirmed, or null. */
  ask(question: Question): Promise<string | null>;
}

/** Whether the token may do what `role` may. */
export function may({ session }: AppContext, role: Role): boolean {
  return ROLES.indexOf(session.role) >= ROLES.indexOf(role);
}
