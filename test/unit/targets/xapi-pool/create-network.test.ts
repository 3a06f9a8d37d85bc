import { describe, expect, it } from 'vitest';
import {
  createNetwork,
  ensureAppliance,
  type NewNetwork,
  readPool,
  removeOwned,
} from '../../../../src/targets/xapi-pool/index.js';
import type { SimulatedPool } from '../../../simulators/xapi-pool/index.js';
import { failureOf } from '../../../support/failure.js';
import { connected, simulatedPool } from '../../../support/simulated-pool.js';

const { signal } = new AbortController();

function newNetwork(over: NewNetwork['over']): NewNetwork {
  return { name: 'Shop', mtu: 1500, over, jobId: 'batch-1' };
}

/** Two hosts of three cards, as bonds and VLANs must be on each. */
const ESTATE = { hosts: [{ nics: 3 }, { nics: 3 }] };

const LACP = {
  kind: 'bond',
  devices: ['eth1', 'eth2'],
  mode: 'lacp',
  properties: { 'lacp-time': 'fast' },
} as const;

function networksOf({ objects }: SimulatedPool): string[] {
  return objects.all('network').map((network) => network.text('name_label'));
}

describe('a network that is made', () => {
  it.each([
    [{ kind: 'vlan', tag: 12, on: 'eth0' } as const, 'VLAN', 12],
    [{ kind: 'vlan', tag: 12, on: 'Pool-wide network associated with eth0' } as const, 'VLAN', 12],
    [LACP, 'VLAN', -1],
  ])('has its wires on all hosts, and goes with its batch (%#)', async (over, field, value) => {
    const pool = await simulatedPool(ESTATE);
    const client = await connected(pool);
    const before = networksOf(pool);
    const network = await createNetwork(client, await readPool(client), newNetwork(over), signal);
    const wires = pool.objects.all('PIF').filter((pif) => pif.text('network') === network);
    expect(wires.map((pif) => pif.number(field))).toEqual([value, value]);
    expect(new Set(wires.map((pif) => pif.text('host'))).size).toBe(2);
    expect((await removeOwned(client, new Set(['batch-1']))).removed).toEqual(['network Shop']);
    expect(networksOf(pool)).toEqual(before);
  });

  it('is no wire at all when it is internal', async () => {
    const pool = await simulatedPool();
    const client = await connected(pool);
    const over = { kind: 'internal' } as const;
    const network = await createNetwork(client, await readPool(client), newNetwork(over), signal);
    expect(pool.objects.find('network', network)?.list('PIFs')).toEqual([]);
  });

  it.each([
    [{ kind: 'vlan', tag: 12, on: 'eth9' } as const],
    [{ ...LACP, devices: ['eth1', 'eth9'] } as const],
  ])('needs devices that are there (%#)', async (over) => {
    const pool = await simulatedPool(ESTATE);
    const client = await connected(pool);
    const before = networksOf(pool);
    const failure = await failureOf(createNetwork(client, await readPool(client), newNetwork(over), signal));
    expect(failure.code).toBe('POOL_NETWORK_MISSING');
    expect(networksOf(pool)).toEqual(before);
  });

  it.each([
    [LACP, 'Async.Bond.create'],
    [{ kind: 'vlan', tag: 12, on: 'eth0' } as const, 'Async.pool.create_VLAN_from_PIF'],
  ])('is gone again when its wires are refused (%#)', async (over, method) => {
    const pool = await simulatedPool(ESTATE);
    const client = await connected(pool);
    const [view, before] = [await readPool(client), networksOf(pool)];
    pool.faults.next(method, { kind: 'failure', code: 'PIF_ALREADY_BONDED', params: ['x'] });
    const failure = await failureOf(createNetwork(client, view, newNetwork(over), signal));
    expect(failure.message).toContain('PIF_ALREADY_BONDED');
    expect(networksOf(pool)).toEqual(before);
  });
});

describe('an appliance', () => {
  it('is made once', async () => {
    const client = await connected(await simulatedPool());
    const made = await ensureAppliance(client, 'Shop', signal);
    expect(await ensureAppliance(client, 'Shop', signal)).toBe(made);
  });
});
