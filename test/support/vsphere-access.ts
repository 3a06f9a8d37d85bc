import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { VsphereReference } from '../../src/model/vsphere-reference.js';
import { connectVsphere, type VsphereAccess, type VsphereClient } from '../../src/vsphere/index.js';
import type { SimulatedVcenter } from './simulated-vcenter.js';

/** Nobody waits in tests. */
const PATIENCE = { connect: 2_000, idle: 10_000, pauseScale: 0.001 };

/** How the vCenter is reached until the test ends by whoever trusts its own certificate alone. */
export function referenceTo({ url, user, password, fingerprint }: SimulatedVcenter): VsphereReference {
  const folder = mkdtempSync(join(tmpdir(), 'xenferry-password-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'password');
  writeFileSync(file, `${password}\n`);
  return { url, user, password: { file }, tlsFingerprints: [fingerprint] };
}

export function vsphereAccess(
  vcenter: SimulatedVcenter,
  changes: Partial<VsphereAccess> = {},
): VsphereAccess {
  return { ...referenceTo(vcenter), patience: PATIENCE, ...changes };
}

/** A session at the vCenter until the test ends. */
export async function connectedTo(
  vcenter: SimulatedVcenter,
  changes: Partial<VsphereAccess> = {},
): Promise<VsphereClient> {
  const client = await connectVsphere(vsphereAccess(vcenter, changes));
  onTestFinished(() => client.close());
  return client;
}
