import type { LivePolicy } from '../../model/live.js';
import type { Concern } from '../../model/plan.js';
import type { Disk, VirtualMachine } from '../../model/virtual-machine.js';
import { concern } from '../own-concerns.js';

/** As runs of Xenferry name what they take: one that a killed run has left is removed by the next. */
const OUR_OWN = /^xenferry [0-9a-f]{8}-\d+ \d+$/;

/** What keeps a running machine from being read from a snapshot as its move would; known before anything is touched. */
export function snapshotObstacles(
  { powerState, disks, snapshots }: VirtualMachine,
  { move, read }: Pick<LivePolicy, 'move' | 'read'>,
): Concern[] {
  if (move === 'cold' || powerState === 'off') return [];
  const concerns = disks.flatMap((disk) => {
    const reason = leftOut(disk);
    const remedy = 'Move it cold (move: cold): its disks are read at rest then.';
    return reason === null
      ? []
      : [concern('PLAN_NO_SNAPSHOT', 'critical', `${disk.file} is ${reason}`, remedy)];
  });
  const others = snapshots.filter(({ name }) => !OUR_OWN.test(name));
  return move === 'warm' && read !== 'vddk' && others.length > 0
    ? [...concerns, hasSnapshots(others.map(({ name }) => name))]
    : concerns;
}

/** Why no snapshot holds a disk; null when one does. */
function leftOut({ mode, rawDevice, shared }: Disk): string | null {
  if (mode === 'independent_persistent' || mode === 'independent_nonpersistent')
    return 'independent, so that a snapshot does not hold it';
  if (rawDevice !== null) return 'a LUN, of which no snapshot can be read';
  return shared ? 'shared with other machines, so that no snapshot can be taken' : null;
}

function hasSnapshots(names: readonly string[]): Concern {
  const [first = ''] = names;
  const more = names.length === 1 ? '' : ` and ${names.length - 1} more`;
  const message = `the machine has snapshots of its own (${first}${more}), and to be moved warm its disks must not lie on others`;
  return concern(
    'PLAN_WARM_SNAPSHOTS',
    'critical',
    message,
    'Remove its snapshots, move it cold, copy it with read: export, or have it read by read: vddk.',
  );
}
