import { DEFAULT_POLICY, type PlannedNight, type Policy } from '../../model/night.js';
import { MIB } from '../../model/units.js';
import type { Migration } from '../migration-file/schema.js';
import { windowOf } from '../migration-file/windows.js';

type NightParts = Pick<Migration, 'start' | 'blackOuts' | 'bandwidth' | 'night' | 'windows'>;

/**
 * What a migration says of its nights, with defaults where it says nothing. Throws CONFIG_INVALID for a window that does
 * not exist, or not in this world.
 */
export function plannedNight({
  start,
  blackOuts = [],
  bandwidth = [],
  night = {},
  windows = {},
}: NightParts): PlannedNight {
  return {
    startsAt: start === undefined ? null : Date.parse(start),
    blackOuts,
    caps: bandwidth.map(({ window, mibPerSecond }) => ({
      window: windowOf(window, windows),
      bytesPerSecond: mibPerSecond * MIB,
    })),
    policy: {
      atWindowEnd: night.atWindowEnd ?? DEFAULT_POLICY.atWindowEnd,
      wouldNotFinish: night.wouldNotFinish ?? DEFAULT_POLICY.wouldNotFinish,
      ageStepSeconds: night.ageStepSeconds ?? DEFAULT_POLICY.ageStepSeconds,
      retries: withDefaults(DEFAULT_POLICY.retries, night.retries),
      groups: withDefaults(DEFAULT_POLICY.groups, night.groups),
      stuck: stuckPolicy(night.stuck),
    },
  };
}

function stuckPolicy(stuck: NonNullable<NightParts['night']>['stuck']): Policy['stuck'] {
  if (stuck === undefined) return DEFAULT_POLICY.stuck;
  const { giveUpSeconds } = stuck;
  return { giveUpSeconds: giveUpSeconds === 'off' ? null : giveUpSeconds };
}

type Pauses = { readonly firstPauseSeconds: number; readonly longestPauseSeconds: number };

/** A first pause that is longer than the longest one by default is the longest as well. */
function withDefaults<T extends Pauses>(defaults: T, own: { [K in keyof T]?: T[K] | undefined } = {}): T {
  const all = { ...defaults, ...own };
  const longest = own.longestPauseSeconds ?? Math.max(defaults.longestPauseSeconds, all.firstPauseSeconds);
  return { ...all, longestPauseSeconds: longest };
}
