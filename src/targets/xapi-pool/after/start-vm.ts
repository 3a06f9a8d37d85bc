import { isIP } from 'node:net';
import { pauseFor } from '../../../model/abort.js';
import { isFault, NULL_REF, PoolFault, type Ref, runTask, type XapiClient } from '../../../xapi/index.js';
import { obstacleWords, startObstacle } from './start-obstacle.js';

/** What a VM has to do to count as started; seconds, give or take those that the pool takes to answer. */
export interface StartChecks {
  /** For so long it must run. */
  readonly runningSeconds: number;
  /** In so long its guest must have told an address; null: it need not. */
  readonly addressSeconds: number | null;
}

/** `not-seen`: the pool started it, and then it did not do what the checks ask for. */
export type StartResult =
  | { readonly state: 'started'; readonly addresses: readonly string[] }
  | { readonly state: 'refused' | 'not-seen'; readonly reason: string };

const LOOK_SECONDS = 2;
/** At a VM whose start was lost sight of. */
const LOST_LOOKS = 15;
/** Addresses that a guest gives itself when nobody gives it one. */
const SELF_GIVEN = /^(?:169\.254\.|fe[89ab][0-9a-f]:|127\.|::1$)/i;

/** Starts a VM, or finds it running, and watches what becomes of it. Rejects with CANCELED alone. */
export async function startVm(
  client: XapiClient,
  vm: Ref,
  checks: StartChecks,
  signal: AbortSignal,
): Promise<StartResult> {
  try {
    const { power_state } = await client.call('VM.get_record', [vm], { signal });
    if (power_state !== 'Running') {
      const obstacle = await startObstacle(client, vm, signal);
      if (obstacle !== null) return { state: 'refused', reason: obstacle };
      await begin(client, vm, signal);
    }
  } catch (error) {
    if (signal.aborted) throw error;
    return { state: 'refused', reason: await obstacleWords(client, error) };
  }
  try {
    return await watch(client, vm, checks, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    return { state: 'not-seen', reason: `it is not known: ${await obstacleWords(client, error)}` };
  }
}

/** Who loses sight of the start looks whether there was one. */
async function begin(client: XapiClient, vm: Ref, signal: AbortSignal): Promise<void> {
  try {
    await runTask(client, 'VM.start', [vm, false, false], { signal });
  } catch (error) {
    if (signal.aborted || error instanceof PoolFault) throw error;
    for (let looks = 0; looks < LOST_LOOKS; looks++) {
      const { power_state } = await client.call('VM.get_record', [vm], { signal });
      if (power_state === 'Running') return;
      await pauseFor(LOOK_SECONDS * 1000 * client.patience.pauseScale, signal);
    }
    throw error;
  }
}

async function watch(
  client: XapiClient,
  vm: Ref,
  { runningSeconds, addressSeconds }: StartChecks,
  signal: AbortSignal,
): Promise<StartResult> {
  for (let seconds = 0; ; seconds += LOOK_SECONDS) {
    const { power_state, guest_metrics } = await client.call('VM.get_record', [vm], { signal });
    if (power_state !== 'Running') {
      return { state: 'not-seen', reason: `it is ${power_state.toLowerCase()} after ${seconds} s` };
    }
    const addresses = await addressesOf(client, guest_metrics, signal);
    const late = seconds >= runningSeconds;
    if (late && (addressSeconds === null || addresses.length > 0)) return { state: 'started', addresses };
    if (late && seconds >= (addressSeconds ?? 0)) {
      return { state: 'not-seen', reason: `its guest told no address within ${seconds} s` };
    }
    await pauseFor(LOOK_SECONDS * 1000 * client.patience.pauseScale, signal);
  }
}

/** What the guest's agent tells, if there is one: it writes `0/ip` and `0/ipv6/0`, by the number of the card. */
async function addressesOf(client: XapiClient, metrics: Ref, signal: AbortSignal): Promise<string[]> {
  if (metrics === NULL_REF) return [];
  try {
    const { networks } = await client.call('VM_guest_metrics.get_record', [metrics], { signal });
    const told = Object.values(networks).filter((text) => isIP(text) !== 0 && !SELF_GIVEN.test(text));
    return [...new Set(told)];
  } catch (error) {
    // A guest that starts again has new ones.
    if (isFault(error, 'HANDLE_INVALID')) return [];
    throw error;
  }
}
