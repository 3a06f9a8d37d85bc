import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test as it, onTestFinished } from 'vitest';
import { groupBy } from '../../../src/model/group-by.js';
import { type SeenTransfer, type SimulatedPool, startPool } from '../../simulators/xapi-pool/index.js';
import { planBatch, poolDestination, runPoolBatch } from '../../support/pool-batch.js';
import { writeSmallEstate } from '../../support/small-estate.js';
import { tempFiles } from '../../support/temp-files.js';
import { POOL_CERTIFICATE } from '../../support/xapi-caller.js';

const { folder } = tempFiles();

/** A disk's content on its way through a host, in the order of events. */
interface Passage {
  readonly host: string;
  readonly machine: string;
  readonly from: number;
  to: number;
}

/** Machines at a time through each host: one counts from its first transfer there to its last. */
function mostAtOnce(passages: readonly Passage[]): ReadonlyMap<string, number> {
  const spans = [...groupBy(passages, ({ host, machine }) => `${host} ${machine}`).values()].map((own) => ({
    host: own[0]?.host ?? '',
    from: Math.min(...own.map(({ from }) => from)),
    to: Math.max(...own.map(({ to }) => to)),
  }));
  return new Map(
    [...groupBy(spans, ({ host }) => host)].map(([host, own]) => {
      const beside = own.map(
        ({ from }) => own.filter((other) => other.from <= from && from < other.to).length,
      );
      return [host, Math.max(...beside)];
    }),
  );
}

it('no more machines go through a host of the pool than it may take', async () => {
  const passages: Passage[] = [];
  let clock = 0;
  let pool: SimulatedPool | null = null;
  const onTransfer = ({ host, vdi, ended }: SeenTransfer) => {
    const disk = vdi === null ? undefined : pool?.objects.find('VDI', vdi);
    const machine = disk?.text('name_label').replace(/ \d+$/, '') ?? 'unknown';
    const passage: Passage = { host, machine, from: clock++, to: Number.POSITIVE_INFINITY };
    passages.push(passage);
    void ended.finally(() => {
      passage.to = clock++;
    });
  };
  pool = await startPool({
    certificate: POOL_CERTIFICATE,
    timings: { loginDelayMs: 0 },
    hosts: [{}, {}, {}],
    repositories: [
      { name: 'Shared storage', type: 'nfs', size: 2 ** 40, shared: true },
      { name: 'Local storage', type: 'ext', size: 2 ** 40, hosts: [1] },
    ],
    networks: ['Office LAN', 'DMZ', 'Backup'],
    onTransfer,
  });
  onTestFinished(() => pool?.close());
  const names = pool.objects.all('host').map((host) => host.text('name_label'));
  const [narrow = ''] = names;
  const machines = await writeSmallEstate(join(folder, 'estate'), 9);
  writeFileSync(join(folder, 'pool.secret'), 'simulated');
  const plan = await planBatch({
    source: join(folder, 'estate'),
    target: join(folder, 'out'),
    destination: poolDestination(folder, { url: pool.url, fingerprints: [POOL_CERTIFICATE.fingerprint] }),
    migration: {
      target: { hosts: names.map((name) => ({ name, memoryGiB: 64, cpus: 8, gpus: 0 })) },
      limits: { machinesPerTargetHost: 2, targetHosts: { [narrow]: 1 } },
      machines: Object.fromEntries(
        machines.map(({ name }, number) => [
          name,
          { storage: number % 3 === 0 ? 'Local storage' : 'Shared storage' },
        ]),
      ),
    },
  });
  expect(await runPoolBatch(plan, { parallel: 12 })).toMatchObject({ done: 9, failed: 0 });
  await pool.settled();
  const most = mostAtOnce(passages);
  expect([...most.keys()].sort()).toEqual([...names].sort());
  expect(most.get(narrow)).toBe(1);
  for (const [, machines] of most) expect(machines).toBeLessThanOrEqual(2);
  // A machine goes through one host alone.
  const hosts = groupBy(passages, ({ machine }) => machine);
  expect(hosts.size).toBe(9);
  for (const [, own] of hosts) expect(new Set(own.map(({ host }) => host)).size).toBe(1);
}, 120_000);
