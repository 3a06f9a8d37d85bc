import type { Profile } from '../../guests/profiles/index.js';
import type { PlannedMachine } from '../../model/plan.js';
import { encodeOvaXml } from '../../xva/index.js';
import { profileOf } from '../machine-facts.js';
import { ovaObjects } from './ova-objects.js';

/** The metadata of a planned machine's archive. */
export interface XvaPlan {
  readonly ovaXml: string;
  /** In the machine's disk order. */
  readonly diskIds: readonly string[];
  readonly vmUuid: string;
}

/** Same plan, same bytes. Throws PROFILE_INVALID when the plan's profile is not among `profiles`. */
export function xvaPlan(planned: PlannedMachine, profiles: readonly Profile[]): XvaPlan {
  const profile = profileOf(planned, profiles);
  const { objects, diskIds, vmUuid } = ovaObjects(planned, profile);
  return { ovaXml: encodeOvaXml(objects), diskIds, vmUuid };
}
