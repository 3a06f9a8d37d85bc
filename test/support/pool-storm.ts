import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { XenferryError } from '../../src/model/errors.js';
import type { Plan } from '../../src/model/plan.js';
import { type Row, type SimulatedPool, startPool } from '../simulators/xapi-pool/index.js';
import { expectSameContent } from './oracles.js';
import { planBatch, poolDestination, runPoolBatch } from './pool-batch.js';
import type { SmallMachine } from './small-estate.js';
import { logIn, POOL_CERTIFICATE } from './xapi-caller.js';

/** Short enough for a test, long enough for a host that comes back. */
const PATIENCE = { connect: 2_000, idle: 4_000, pauseScale: 0.05 };

export interface StormyRun {
  readonly folder: string;
  /** Folder of VMX machines, and what they are. */
  readonly estate: string;
  readonly machines: readonly SmallMachine[];
  readonly seed: number;
}

/** How a batch came through: whether it rejected, and how many of its machines were done then. */
export interface Survival {
  readonly rejected: string | null;
  readonly done: number;
}

/**
 * Runs a batch while the pool fails at random, then again in calm weather. Expects of the first run that what can be
 * started is whole and that nothing of others is touched, and of the second that it completes, without leftovers.
 */
export async function surviveStorm({ folder, estate, machines, seed }: StormyRun): Promise<Survival> {
  const pool = await startPool({
    certificate: POOL_CERTIFICATE,
    timings: { loginDelayMs: 0 },
    hosts: [{}, {}, {}],
    repositories: [{ name: 'Shared storage', type: 'nfs', size: 2 ** 40, shared: true }],
    networks: ['Office LAN', 'DMZ', 'Backup'],
  });
  try {
    const bystander = await createBystander(pool);
    const target = join(folder, `storm-${seed}`);
    mkdirSync(target);
    writeFileSync(join(folder, 'pool.secret'), 'simulated');
    const fingerprints = [POOL_CERTIFICATE.fingerprint];
    const destination = poolDestination(folder, { url: pool.url, fingerprints });
    const plan = await planBatch({ source: estate, target, destination });
    pool.faults.storm({ seed, probability: 0.1, timeScale: 0.1 });
    const first = await attempt(plan);
    pool.faults.clear();
    await calm(pool);
    await expectHonest(pool, machines, bystander);
    const second = await runPoolBatch(plan, { patience: PATIENCE });
    expect(second, `seed ${seed}`).toEqual({
      done: machines.length,
      failed: 0,
      cancelled: 0,
      paused: 0,
      warnings: [],
    });
    await calm(pool);
    await expectHonest(pool, machines, bystander);
    expectNothingOver(pool, machines);
    return first;
  } finally {
    await pool.close();
  }
}

async function attempt(plan: Plan): Promise<Survival> {
  try {
    const { done, failed } = await runPoolBatch(plan, { patience: PATIENCE });
    expect(done + failed).toBe(plan.machines.length);
    return { rejected: null, done };
  } catch (error) {
    if (!(error instanceof XenferryError) || error.category !== 'pool') throw error;
    return { rejected: error.code, done: 0 };
  }
}

async function calm(pool: SimulatedPool): Promise<void> {
  for (const host of pool.hosts) await host.up();
  await pool.settled();
}

/** A VM with a disk that the batch has nothing to do with. */
async function createBystander(pool: SimulatedPool): Promise<string> {
  const root = await logIn(pool.url);
  const SR = pool.objects.named('SR', 'Shared storage').ref;
  await root.text('VDI.create', {
    ...{ SR, name_label: 'bystander', virtual_size: 4 * 2 ** 20, type: 'user' },
    ...{ sharable: false, read_only: false, other_config: {} },
  });
  return describeBystander(pool);
}

function describeBystander(pool: SimulatedPool): string {
  return JSON.stringify(pool.objects.named('VDI', 'bystander').values, (_, value) =>
    value instanceof Set ? [...value] : value,
  );
}

/** What can be started is whole, and nobody else's is touched. */
async function expectHonest(
  pool: SimulatedPool,
  machines: readonly SmallMachine[],
  bystander: string,
): Promise<void> {
  expect(describeBystander(pool)).toBe(bystander);
  for (const vm of ownMachines(pool)) {
    if (Object.keys(vm.map('blocked_operations')).length > 0) continue;
    const machine = machines.find(({ name }) => name === vm.text('name_label'));
    await expectWhole(pool, vm, machine);
  }
}

async function expectWhole(pool: SimulatedPool, vm: Row, machine: SmallMachine | undefined): Promise<void> {
  const vbds = pool.objects
    .all('VBD')
    .filter((vbd) => vbd.text('VM') === vm.ref && vbd.text('type') === 'Disk')
    .sort((a, b) => a.number('userdevice') - b.number('userdevice'));
  expect(vbds).toHaveLength(machine?.disks.length ?? -1);
  for (const [index, vbd] of vbds.entries()) {
    const raw = machine?.disks[index]?.raw ?? '';
    await expectSameContent(
      { path: raw, format: 'raw' },
      { path: pool.vdiFile(vbd.text('VDI')), format: 'raw' },
    );
  }
}

function ownMachines(pool: SimulatedPool): Row[] {
  return pool.objects.all('VM').filter((vm) => !vm.flag('is_a_template') && !vm.flag('is_control_domain'));
}

function expectNothingOver(pool: SimulatedPool, machines: readonly SmallMachine[]): void {
  expect(
    ownMachines(pool)
      .map((vm) => vm.text('name_label'))
      .sort(),
  ).toEqual(machines.map(({ name }) => name));
  const disks = machines.reduce((sum, machine) => sum + machine.disks.length, 0);
  expect(pool.objects.all('VDI')).toHaveLength(disks + 1);
  for (const vm of ownMachines(pool)) expect(vm.map('blocked_operations')).toEqual({});
}
