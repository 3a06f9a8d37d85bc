import type { Snapshot } from '../../model/virtual-machine.js';
import { inventoryName } from './inventory-name.js';
import { SNAPSHOT } from './machine-schema.js';

/** VMware ends at 496 snapshots of a machine. */
const MAX_SNAPSHOTS = 1024;

/** The snapshots of a tree, oldest first. One with the guest's memory brings a running machine back. */
export function readSnapshots(roots: readonly unknown[]): readonly Snapshot[] {
  const found: Snapshot[] = [];
  const waiting = [...roots].reverse();
  while (waiting.length > 0 && found.length < MAX_SNAPSHOTS) {
    const { data } = SNAPSHOT.safeParse(waiting.pop());
    if (data === undefined) continue;
    const created = Date.parse(data.createTime);
    found.push({
      name: inventoryName(data.name),
      createdAt: Number.isNaN(created) ? null : new Date(created).toISOString(),
      withMemory: /^poweredon$/i.test(data.state),
    });
    waiting.push(...data.childSnapshotList.reverse());
  }
  return found.sort((a, b) => compare(a.createdAt ?? '', b.createdAt ?? ''));
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
