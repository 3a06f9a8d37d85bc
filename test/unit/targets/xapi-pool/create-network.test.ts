import { describe, expect, it, onTestFinished } from 'vitest';
import {
  createNetwork,
  ensureAppliance,
  type NewNetwork,
  readPool,
  removeOwned,
} from '../../../../src/targets/xapi-pool/index.js';
import { connectPool, type XapiClient } from '../../../../src/xapi/index.js';
import { failureOf } from '../../../support/failure.js';
import { POOL_PASSWORD, type SmallPool, smallPool } from '../../../support/small-pool.js';
import { tempFiles } from '../../../support/temp-files.js';

const { put } = tempFiles();
const password = { file: put('password', POOL_PASSWORD).path };
const patience = { connect: 2_000, idle: 4_000, pauseScale: 0.001 };
const { signal } = new AbortController();

async function connected(): Promise<{ pool: SmallPool; client: XapiClient }> {
  const pool = await smallPool();
  const { url, tls } = pool;
  const client = await connectPool({
    url,
    user: 'u',
    password,
    tlsFingerprints: [tls.fingerprint],
    patience,
  });
  onTestFinished(() => client.close());
  return { pool, client };
}

function newNetwork(over: NewNetwork['over']): NewNetwork {
  return { name: 'Shop', mtu: 1500, over, jobId: 'batch-1' };
}

const LACP = {
  kind: 'bond',
  devices: ['eth1', 'eth2'],
  mode: 'lacp',
  properties: { 'lacp-time': 'fast' },
} as const;

describe('a network that is made', () => {
  it.each([
    [{ kind: 'vlan', tag: 12, on: 'eth0' } as const, { VLAN: 12 }],
    [{ kind: 'vlan', tag: 12, on: 'LAN' } as const, { VLAN: 12 }],
    [LACP, { VLAN: -1 }],
  ])('has its wires, and goes with its batch (%#)', async (over, wire) => {
    const { pool, client } = await connected();
    const network = await createNetwork(client, await readPool(client), newNetwork(over), signal);
    expect([...(pool.db.PIF?.values() ?? [])]).toContainEqual(expect.objectContaining({ network, ...wire }));
    expect((await removeOwned(client, new Set(['batch-1']))).removed).toEqual(['network Shop']);
    expect(pool.db.network?.size).toBe(1);
  });

  it.each([
    [{ kind: 'vlan', tag: 12, on: 'eth9' } as const],
    [{ ...LACP, devices: ['eth1', 'eth9'] } as const],
  ])('needs devices that are there (%#)', async (over) => {
    const { pool, client } = await connected();
    const failure = await failureOf(createNetwork(client, await readPool(client), newNetwork(over), signal));
    expect(failure.code).toBe('POOL_NETWORK_MISSING');
    expect(pool.db.network?.size).toBe(1);
  });

  it('is gone again when its wires are refused', async () => {
    const { pool, client } = await connected();
    const view = await readPool(client);
    pool.refuse = (method) => (method === 'Async.Bond.create' ? ['PIF_ALREADY_BONDED', 'x'] : undefined);
    const failure = await failureOf(createNetwork(client, view, newNetwork(LACP), signal));
    expect(failure.message).toContain('PIF_ALREADY_BONDED');
    expect(pool.db.network?.size).toBe(1);
  });
});

describe('an appliance', () => {
  it('is made once', async () => {
    const { client } = await connected();
    const made = await ensureAppliance(client, 'Shop', signal);
    expect(await ensureAppliance(client, 'Shop', signal)).toBe(made);
  });
});
