import type { PoolState } from './pool-state.js';

/** The pools of this process: those that can reach each other. */
const POOLS = new Set<PoolState>();

export function join(pool: PoolState): void {
  POOLS.add(pool);
}

export function leave(pool: PoolState): void {
  POOLS.delete(pool);
}

/** The pool that somebody is logged in to with a session. */
export function poolOfSession(session: string): PoolState | undefined {
  return [...POOLS].find(({ sessions }) => sessions.knows(session));
}
