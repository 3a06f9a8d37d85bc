import { SessionEnded } from './session-lost.js';
import type { Ref } from './vim-value.js';
import type { VsphereClient } from './vsphere-client.js';
import { isVsphereFault, type VsphereFault } from './vsphere-fault.js';

/** Calls for what lives in one session: views, collectors, pages. */
export interface SessionCalls {
  readonly signal: AbortSignal | undefined;
  readonly inSession: string;
}

export async function sessionCalls(client: VsphereClient, signal?: AbortSignal): Promise<SessionCalls> {
  return { signal, inSession: await client.cookie() };
}

/** The same for what is removed when the work has ended, by its signal perhaps. */
export function cleaning({ inSession }: SessionCalls): SessionCalls {
  return { inSession, signal: undefined };
}

/** All objects of a class below `container`. Who makes a view destroys it. */
export async function createView(
  client: VsphereClient,
  { type, container }: { readonly type: string; readonly container?: Ref | undefined },
  calls: SessionCalls,
): Promise<Ref> {
  const { viewManager, rootFolder } = await client.content();
  const parameters = { container: container ?? rootFolder, type: [type], recursive: true };
  return await client.call('CreateContainerView', viewManager, parameters, calls);
}

/**
 * A property collector answers for an ended session with properties that are missing. Throws SessionEnded then, after
 * the next call was made to log in again.
 */
export async function checkSession(
  client: VsphereClient,
  faults: Iterable<VsphereFault>,
  { inSession }: SessionCalls,
): Promise<void> {
  for (const fault of faults) {
    if (!isVsphereFault(fault, 'NotAuthenticated')) continue;
    await client.forgetSession(inSession);
    throw new SessionEnded(client.shown);
  }
}
