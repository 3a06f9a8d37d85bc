import type { PlannedLive, SourceChange } from './live.js';

/** What is going to be done to a machine at its source, for people. */
const PLANNED: Readonly<Record<SourceChange, string>> = {
  snapshot: 'a snapshot is taken, and removed when the disks are read',
  changeTracking: 'the tracking of changed blocks is turned on',
  shutDown: 'the guest is shut down',
  powerOff: 'it is powered off if its guest does not shut down',
  rename: 'it gets another name',
  disconnect: 'its network cards are disconnected',
};

/** What was done, for people. */
export const SOURCE_CHANGE_WORDS: Readonly<Record<SourceChange, string>> = {
  snapshot: 'snapshot taken',
  changeTracking: 'tracking of changed blocks turned on',
  shutDown: 'guest shut down',
  powerOff: 'powered off',
  rename: 'renamed',
  disconnect: 'network cards disconnected',
};

/** What a move does to a machine at its source, in its order, one sentence; null for nothing. */
export function plannedSourceChanges(live: PlannedLive | null): string | null {
  if (live === null || live.changes.length === 0) return null;
  const { rename } = live.afterwards;
  return live.changes
    .map((change) => (change === 'rename' && rename !== null ? `it is renamed ${rename}` : PLANNED[change]))
    .join('; ');
}
