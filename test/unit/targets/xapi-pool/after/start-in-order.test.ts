import { describe, expect, it } from 'vitest';
import {
  type StartableVm,
  type StartChecks,
  type StartOutcome,
  startInOrder,
} from '../../../../../src/targets/xapi-pool/index.js';
import type { GuestLife } from '../../../../simulators/xapi-pool/index.js';
import { failureOf } from '../../../../support/failure.js';
import { importedVm, LAN, type TestPool, testPool } from './pool-with-machines.js';

const { signal } = new AbortController();
const RUNNING: StartChecks = { runningSeconds: 10, addressSeconds: null };
const ADDRESS: StartChecks = { runningSeconds: 4, addressSeconds: 400 };

async function startable(
  from: TestPool,
  name: string,
  facts: Partial<Omit<StartableVm, 'vm' | 'name'>> = {},
): Promise<StartableVm> {
  const { vm } = await importedVm(from, name, []);
  return { vm, name, order: 0, startDelaySeconds: 0, appliance: null, ...facts };
}

interface Started {
  readonly outcomes: Readonly<Record<string, StartOutcome>>;
  /** Names in the order in which they were begun. */
  readonly begun: readonly string[];
  /** When each was begun, in milliseconds. */
  readonly times: Readonly<Record<string, number>>;
}

async function start(
  from: TestPool,
  machines: readonly StartableVm[],
  checks: StartChecks = RUNNING,
): Promise<Started> {
  const times: Record<string, number> = {};
  const outcomes = await startInOrder(from.client, machines, checks, signal, ({ name }, outcome) => {
    if (outcome === 'starting') times[name] = performance.now();
  });
  const named = machines.map(({ name }, index) => [name, outcomes[index]] as const);
  return {
    times,
    begun: Object.keys(times),
    outcomes: Object.fromEntries(named.flatMap(([name, outcome]) => (outcome ? [[name, outcome]] : []))),
  };
}

function power({ pool }: TestPool, name: string): string {
  return pool.objects.named('VM', name).text('power_state');
}

describe('machines that are started', () => {
  it('follow their order and their delays', async () => {
    const from = await testPool();
    const machines = [
      await startable(from, 'web', { order: 2 }),
      await startable(from, 'db', { order: 1, startDelaySeconds: 300 }),
      await startable(from, 'cache', { order: 1 }),
    ];
    const { begun, times, outcomes } = await start(from, machines);
    expect(begun).toEqual(['db', 'cache', 'web']);
    expect((times.web ?? 0) - (times.db ?? 0)).toBeGreaterThanOrEqual(295);
    expect(Object.values(outcomes).map(({ state }) => state)).toEqual(['started', 'started', 'started']);
    expect(power(from, 'web')).toBe('Running');
  });

  it('may run already', async () => {
    const from = await testPool();
    const web = await startable(from, 'web');
    await from.root.call('VM.start', web.vm, false, false);
    expect((await start(from, [web])).outcomes.web?.state).toBe('started');
  });

  it('tell the addresses that their guests were given', async () => {
    const guests = (): GuestLife => ({
      reportsAfterMs: 20,
      networks: { '0/ip': '10.0.0.2', '0/ipv4/0': '10.0.0.2', '0/ipv6/0': 'fe80::1', '1/ip': '169.254.3.4' },
    });
    const from = await testPool({ guests });
    const { outcomes } = await start(from, [await startable(from, 'web')], ADDRESS);
    expect(outcomes.web).toEqual({ state: 'started', addresses: ['10.0.0.2'] });
  });
});

describe('a machine that does not come up', () => {
  it.each([
    ['that halts', { haltsAfterMs: 5 }, { ...RUNNING, runningSeconds: 200 }, 'it is halted after'],
    ['without an agent', {}, { ...ADDRESS, addressSeconds: 20 }, 'no address within 20 s'],
    [
      'without an address of its own',
      { reportsAfterMs: 0, networks: { '0/ip': '169.254.1.1' } },
      { ...ADDRESS, addressSeconds: 20 },
      'no address within 20 s',
    ],
  ])('is told: one %s', async (_title, life, checks, reason) => {
    const from = await testPool({ guests: () => life });
    const { outcomes } = await start(from, [await startable(from, 'web')], checks);
    expect(outcomes.web).toEqual({ state: 'not-seen', reason: expect.stringContaining(reason) });
  });

  it('holds back what comes later in its appliance, and nothing else', async () => {
    const from = await testPool();
    const [shop, office] = ['OpaqueRef:shop', 'OpaqueRef:office'];
    const machines = [
      await startable(from, 'db', { appliance: shop, order: 1 }),
      await startable(from, 'beside', { appliance: shop, order: 1 }),
      await startable(from, 'web', { appliance: shop, order: 2 }),
      await startable(from, 'front', { appliance: shop, order: 3 }),
      await startable(from, 'mail', { appliance: office, order: 5 }),
      await startable(from, 'alone', { order: 0 }),
      await startable(from, 'late', { order: 9 }),
    ];
    for (const name of ['db', 'alone']) {
      await from.root.call('VM.set_memory', from.named('VM', name), 2 ** 50);
    }
    const { outcomes } = await start(from, machines);
    expect(Object.entries(outcomes).map(([name, { state }]) => [name, state])).toEqual([
      ['db', 'refused'],
      ['beside', 'started'],
      ['web', 'held-back'],
      ['front', 'held-back'],
      ['mail', 'started'],
      ['alone', 'refused'],
      ['late', 'started'],
    ]);
    expect(outcomes.front).toMatchObject({ reason: 'db is not up' });
    expect(power(from, 'web')).toBe('Halted');
  });
});

describe('why a machine is not started', () => {
  async function reasonOf(from: TestPool, machine: StartableVm): Promise<string> {
    const { outcomes } = await start(from, [machine]);
    const outcome = outcomes[machine.name];
    return outcome?.state === 'refused' ? outcome.reason : `not refused: ${outcome?.state}`;
  }

  it('is told host by host, with names', async () => {
    const from = await testPool();
    const { vm } = await importedVm(from, 'web', ['first']);
    await from.root.call('VM.set_memory', vm, 32 * 1024 ** 3);
    await from.root.call('host.disable', from.pool.hosts[1]?.ref);
    const machine = { vm, name: 'web', order: 0, startDelaySeconds: 0, appliance: null };
    const reason = await reasonOf(from, machine);
    expect(reason).toContain('host1: 16 GiB of memory are free, it needs 32 GiB');
    expect(reason).toContain('host2: disabled');
    await from.root.call('host.enable', from.pool.hosts[1]?.ref);
    expect(await reasonOf(from, machine)).toContain('host2: the repository first is not attached');
  });

  it('may be a network, a graphics card, processors, or the host', async () => {
    const from = await testPool({ gpus: [{ group: 'cards', hosts: [] }], hosts: [{ cpus: 2 }] });
    const machine = await startable(from, 'web');
    await from.root.call('VGPU.create', machine.vm, from.named('GPU_group', 'cards'));
    expect(await reasonOf(from, machine)).toContain('no graphics card of its group is free');
    await from.root.call('PIF.unplug', from.pool.objects.all('PIF')[0]?.ref);
    expect(await reasonOf(from, machine)).toContain(`the network ${LAN} is missing`);
    const other = await startable(from, 'big');
    await from.root.call('PIF.plug', from.pool.objects.all('PIF')[0]?.ref);
    await from.root.call('VM.set_VCPUs_max', other.vm, 4);
    expect(await reasonOf(from, other)).toContain('there are 2 processors, it needs 4');
  });

  it('may be a lock, or a state that nothing starts from', async () => {
    const from = await testPool();
    const machine = await startable(from, 'web');
    await from.root.call('VM.set_blocked_operations', machine.vm, { start: 'not verified' });
    expect(await reasonOf(from, machine)).toBe('it is locked: not verified');
    await from.root.call('VM.set_blocked_operations', machine.vm, {});
    await from.root.call('VM.start', machine.vm, true, false);
    expect(await reasonOf(from, machine)).toBe('it is paused');
  });

  it.each([
    [{ kind: 'failure', code: 'NO_HOSTS_AVAILABLE' } as const, 'no host can run it'],
    [{ kind: 'failure', code: 'LICENCE_RESTRICTION', params: ['x'] } as const, 'LICENCE_RESTRICTION'],
  ])('may be what the pool finds only then (%#)', async (fault, reason) => {
    const from = await testPool();
    const machine = await startable(from, 'web');
    from.pool.faults.next('Async.VM.start', fault);
    expect(await reasonOf(from, machine)).toContain(reason);
  });
});

describe('a start that is lost sight of', () => {
  it.each([
    ['task-lost', 'started'],
    ['cut', 'refused'],
  ] as const)('is told as what came of it (%s)', async (kind, state) => {
    const from = await testPool();
    const machine = await startable(from, 'web');
    from.pool.faults.next('Async.VM.start', { kind });
    const { outcomes } = await start(from, [machine]);
    expect(outcomes.web?.state).toBe(state);
    expect(power(from, 'web')).toBe(state === 'started' ? 'Running' : 'Halted');
  });

  it('ends when it is canceled', async () => {
    const from = await testPool();
    const stop = new AbortController();
    const machines = [await startable(from, 'web'), await startable(from, 'db', { order: 1 })];
    const checks = { runningSeconds: 100_000, addressSeconds: null };
    const failure = failureOf(
      startInOrder(from.client, machines, checks, stop.signal, () => setTimeout(() => stop.abort(), 50)),
    );
    expect((await failure).code).toBe('CANCELED');
    expect(power(from, 'db')).toBe('Halted');
  });
});
