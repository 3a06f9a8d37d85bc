import type { Flow } from './fair-shares.js';
import type { Slot } from './start-queue.js';

/** What moving one machine needs. */
export interface Transfer {
  readonly machineId: string;
  /** Of guest data. */
  readonly bytes: number;
  /** One for all machines with the same uses; without uses when there is nothing to move. */
  readonly flow: Flow;
  /** The resources it uses, by their positions; one for all machines with the same. */
  readonly needs: readonly number[];
  readonly slots: readonly Slot[];
  /** Moves data already, without what a machine takes before; such come before all others. */
  readonly underWay?: boolean;
  /** Seconds of work from the start of the wave before which it does not start; none when left out. */
  readonly readyAt?: number;
  /** Positions of transfers of the wave that must have ended before it starts; none when left out. */
  readonly after?: readonly number[];
}
