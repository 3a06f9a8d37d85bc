import type { Destination } from '../../model/destination.js';
import { XenferryError } from '../../model/errors.js';
import type { LivePolicy, PlannedLive, SourceChange, VddkSettings } from '../../model/live.js';
import type { Concern } from '../../model/plan.js';
import type { VirtualMachine } from '../../model/virtual-machine.js';
import type { MachineOverrides, Migration } from '../migration-file/schema.js';
import { windowOf } from '../migration-file/windows.js';
import { concern } from '../own-concerns.js';
import { snapshotObstacles } from './snapshot-obstacles.js';

const DEFAULTS = {
  shutDown: { seconds: 600, otherwise: 'fail' },
  precopy: { passes: 3, pauseSeconds: 300 },
  rollbackDays: 14,
  // Over the network and encrypted where the server can: the others would have the library look for the disk at our own
  // hardware, or attach it to the machine we run on.
  transports: 'nbdssl:nbd',
} as const;

/** What a migration says of machines that still are in VMware's hands. Throws CONFIG_INVALID for an unknown window and for
 * `read: vddk` without a library. */
export function livePolicy({ live = {}, windows = {} }: Pick<Migration, 'live' | 'windows'>): LivePolicy {
  const { move = 'cold', read = 'datastore', vddk, allow = [] } = live;
  const { shutDown, precopy, cutover, afterwards } = live;
  const { rollbackDays = DEFAULTS.rollbackDays } = live;
  return {
    move,
    read,
    vddk: read === 'vddk' ? vddkSettings(vddk) : null,
    allow,
    shutDown:
      shutDown === undefined
        ? DEFAULTS.shutDown
        : { seconds: shutDown.minutes * 60, otherwise: shutDown.otherwise },
    precopy:
      precopy === undefined
        ? DEFAULTS.precopy
        : { passes: precopy.passes, pauseSeconds: precopy.pauseMinutes * 60 },
    cutover: cutover === undefined ? null : windowOf(cutover.window, windows),
    afterwards: { rename: afterwards?.rename ?? null, disconnect: afterwards?.disconnect ?? false },
    rollbackDays,
  };
}

function vddkSettings(vddk: NonNullable<Migration['live']>['vddk']): VddkSettings {
  if (vddk === undefined) {
    throw new XenferryError('CONFIG_INVALID', 'live.read is vddk, but live.vddk.library is missing', {
      hint: "Name the folder that VMware's archive with VDDK was unpacked to.",
    });
  }
  const { library, plugin = null, transports = DEFAULTS.transports } = vddk;
  return { library, plugin, transports };
}

/** How a machine gets out of VMware, with what stands against it; null for one that lies in files. */
export function plannedLive(
  machine: VirtualMachine,
  policy: LivePolicy,
  { move = policy.move }: Pick<MachineOverrides, 'move'>,
  destination: Destination,
): { readonly live: PlannedLive; readonly concerns: readonly Concern[] } | null {
  const { source, objectId } = machine;
  if (source.server === undefined || objectId === null) return null;
  const { rename } = policy.afterwards;
  const own: LivePolicy = {
    ...policy,
    move,
    afterwards: { ...policy.afterwards, rename: rename?.replaceAll('{name}', machine.name) ?? null },
  };
  const changes = changesOf(machine, own);
  const missing = changes.filter((change) => !own.allow.includes(change));
  return {
    live: { ...own, server: source.server, objectId, changes },
    concerns: [
      ...(missing.length === 0 ? [] : [notAllowed(machine, own, missing)]),
      ...(move === 'warm' && destination.kind !== 'pool' ? [onlyIntoPool()] : []),
      ...snapshotObstacles(machine, own),
      ...(machine.powerState === 'suspended' && move !== 'copy' ? [suspended()] : []),
    ],
  };
}

function suspended(): Concern {
  return concern(
    'VSPHERE_SHUTDOWN',
    'critical',
    'the machine is suspended: what it holds in memory would be lost',
    'Resume it and have it shut down, power it off, or copy it (move: copy).',
  );
}

/** In the order in which they are made. */
function changesOf(
  { powerState, features }: VirtualMachine,
  { move, shutDown, afterwards }: LivePolicy,
): SourceChange[] {
  const runs = powerState !== 'off';
  const changes: SourceChange[] = [];
  if (runs && move === 'warm' && features.changeTracking !== true) changes.push('changeTracking');
  if (runs && move !== 'cold') changes.push('snapshot');
  if (runs && move !== 'copy') changes.push('shutDown');
  if (runs && move !== 'copy' && shutDown.otherwise === 'powerOff') changes.push('powerOff');
  if (afterwards.rename !== null) changes.push('rename');
  if (afterwards.disconnect) changes.push('disconnect');
  return changes;
}

function onlyIntoPool(): Concern {
  const message = 'it is to be moved while it runs, which is possible into a pool only';
  return concern('PLAN_WARM_TARGET', 'critical', message);
}

function notAllowed(
  { powerState }: VirtualMachine,
  { move }: LivePolicy,
  missing: readonly SourceChange[],
): Concern {
  const state = powerState === 'off' ? 'off' : powerState === 'suspended' ? 'suspended' : 'running';
  return concern(
    'PLAN_SOURCE_CHANGE',
    'critical',
    `the machine is ${state}, and to move it ${move} takes at the source what is not allowed: ${missing.join(', ')}`,
  );
}
