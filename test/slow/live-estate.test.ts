import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { MIB } from '../../src/model/units.js';
import type { VirtualMachine } from '../../src/model/virtual-machine.js';
import { readVsphere } from '../../src/sources/index.js';
import { type SimulatedPool, startPool } from '../simulators/xapi-pool/index.js';
import { noise } from '../support/disk-maker.js';
import {
  extractXva,
  type LiveMigration,
  liveMigration,
  liveOutcome,
  planLive,
  powerOf,
  runLive,
} from '../support/live-batch.js';
import { faultsOf, random } from '../support/live-storm.js';
import { expectSameContent } from '../support/oracles.js';
import { type SimulatedVcenter, startVcenter, VCENTER_PASSWORD } from '../support/simulated-vcenter.js';
import { tempFiles } from '../support/temp-files.js';
import { asMade, asWanted, type VariedMachine, variedMachine } from '../support/varied-machines.js';
import { loggedIn, type ManagedObject, textOf, type VcenterCaller } from '../support/vcenter-caller.js';
import { createPortGroup, createVApp, setCustomAttribute, setStartOrder } from '../support/vcenter-estate.js';
import { createMachines, type MachineSpec, type MadeMachine } from '../support/vcenter-machines.js';
import { tagMaker } from '../support/vcenter-tags.js';
import { POOL_CERTIFICATE } from '../support/xapi-caller.js';

const MACHINES = 500;
/** Moved cold, half of them read from the datastore and half exported. */
const COLD = 20;
/** Moved while they run. */
const WARM = 4;
const WARM_BYTES = 24 * MIB;
/** Runs in a storm before one in calm weather. */
const STORMY_RUNS = 3;
const SEED = 20_000;
const PASSWORD = 'XENFERRY_TEST_VCENTER';
/** The machine with a custom attribute. */
const OWNED = 11;
const FOLDERS = ['Shop', 'Büro & Lager', 'a/b'];
const CDROM =
  '<device xsi:type="VirtualCdrom"><key>3005</key><backing xsi:type="VirtualCdromRemotePassthroughBackingInfo"><deviceName></deviceName><exclusive>false</exclusive></backing><controllerKey>201</controllerKey><unitNumber>1</unitNumber></device>';
const SERIAL =
  '<device xsi:type="VirtualSerialPort"><key>9000</key><backing xsi:type="VirtualSerialPortFileBackingInfo"><fileName>[LocalDS_0] serial.log</fileName></backing><yieldOnPoll>true</yieldOnPoll></device>';

const { folder } = tempFiles();
const begun = Date.now();
vi.stubEnv(PASSWORD, VCENTER_PASSWORD);

/** Random bytes, of which each disk has a part of its own, and holes. */
const CONTENT = noise(SEED, 4 * MIB);

function contentOf(seed: number, bytes: number): Buffer {
  const content = Buffer.alloc(Math.min(bytes, 3 * MIB));
  const take = (at: number, length: number) =>
    CONTENT.copy(content, at, (seed * 4093) % (3 * MIB), ((seed * 4093) % (3 * MIB)) + length);
  take(0, 70_000 + (seed % 1000));
  take(content.length - 131_072, 100_000);
  return content;
}

const VARIED = Array.from({ length: MACHINES - WARM }, (_, index) => variedMachine(index));

function withContent(spec: VariedMachine, index: number, places: Places): MachineSpec {
  const { nics } = spec;
  return {
    ...spec,
    disks: spec.disks.map((disk, number) => ({
      ...disk,
      content: contentOf(index * 3 + number, disk.capacity),
    })),
    nics: nics.map((nic) => (index % 4 === 1 ? { ...nic, network: places.portGroup } : nic)),
    devices: [...(index % 8 === 3 ? [CDROM] : []), ...(index % 9 === 4 ? [SERIAL] : [])],
    ...(index % 5 === 2 && { folder: places.folders[index % FOLDERS.length] }),
    ...(index % 50 === 9 && { pool: places.app }),
  };
}

interface Places {
  readonly folders: readonly ManagedObject[];
  readonly app: ManagedObject;
  readonly portGroup: { readonly portGroup: string; readonly switchUuid: string };
}

/** What of a machine its surroundings decide. */
function placeOf({ placement, snapshots, devices, startOrder, startDelaySeconds, nics }: VirtualMachine) {
  return {
    folder: placement.folder,
    resourcePool: placement.resourcePool,
    tags: placement.tags,
    attributes: placement.attributes,
    snapshots: snapshots.map(({ name }) => name),
    devices: devices.map(({ kind }) => kind),
    start: [startOrder, startDelaySeconds],
    networks: nics.map(({ network }) => network),
  };
}

function wantedPlace(spec: VariedMachine, index: number): ReturnType<typeof placeOf> {
  const inApp = index % 50 === 9;
  return {
    folder: index % 5 === 2 ? (FOLDERS[index % FOLDERS.length] ?? null) : null,
    resourcePool: inApp ? 'Night' : 'Resources',
    tags: index % 6 === 5 ? ['gold'] : [],
    attributes: index === OWNED ? { owner: 'the shop' } : {},
    snapshots: index % 25 === 8 ? ['before', 'after'] : [],
    devices: [
      ...(index % 8 === 3 ? ['cdrom' as const] : []),
      ...(index % 9 === 4 ? ['serial' as const] : []),
    ],
    start: inApp ? [1 + Math.floor(index / 50), 30] : [null, 0],
    networks: spec.nics.map(() => (index % 4 === 1 ? 'Office LAN' : 'VM Network')),
  };
}

let vcenter: SimulatedVcenter;
let pool: SimulatedPool;
let made: MadeMachine[];
const guests: BusyGuest[] = [];

function byName(name: string): MadeMachine {
  const machine = made.find((one) => one.name === name);
  if (machine === undefined) throw new Error(`no machine ${name}`);
  return machine;
}

const COLD_NAMES = Array.from({ length: COLD }, (_, number) => `web ${number * 5}`);
const WARM_NAMES = Array.from({ length: WARM }, (_, number) => `warm ${number}`);

async function inventory() {
  const { url, user, fingerprint } = vcenter;
  return await readVsphere({
    url,
    user,
    password: { environment: PASSWORD },
    tlsFingerprints: [fingerprint],
  });
}

/** A guest that writes here and there whenever it runs. */
class BusyGuest {
  readonly content: Buffer;
  readonly #machine: MadeMachine;
  readonly #end: Promise<void>;
  #ended = false;
  writes = 0;

  constructor(machine: MadeMachine, content: Buffer) {
    this.#machine = machine;
    this.content = content;
    this.#end = this.#work();
  }

  async stop(): Promise<void> {
    this.#ended = true;
    await this.#end;
  }

  async #work(): Promise<void> {
    for (let number = 0; !this.#ended; number++) {
      const offset = ((number * 7919) % (WARM_BYTES / 4096 - 32)) * 4096;
      const bytes = number % 5 === 4 ? Buffer.alloc(65_536) : noise(SEED + number, 16_384);
      try {
        await vcenter.write(this.#machine.name, this.#machine.disks[0]?.key ?? 0, offset, bytes);
        bytes.copy(this.content, offset);
        this.writes += 1;
      } catch {
        // It is off, and may be started again.
      }
      await delay(20);
    }
  }
}

/** Runs what a migration file says, in bad weather a few times, then in good. Returns what each run did. */
async function runInStorm(migration: string, only: readonly string[], seed: number): Promise<string[]> {
  const next = random(seed);
  const storm = { over: false };
  const weather = (async () => {
    while (!storm.over) {
      const [fault = { kind: 'dropSessions' }] = faultsOf(next);
      await vcenter.fault(next() < 0.3 ? { kind: next() < 0.7 ? 'dropSessions' : 'expireLeases' } : fault);
      await delay(400 + next() * 1_500);
    }
  })();
  const told: string[] = [];
  const run = async () => {
    try {
      const plan = await planLive(migration, only);
      const { done } = await runLive(plan);
      const { machines } = await liveOutcome(plan.target);
      const codes = Object.values(machines).flatMap(({ code }) => code ?? []);
      told.push([`${done} of ${only.length}`, ...new Set(codes)].join(' '));
      return done;
    } catch (error) {
      told.push(String(error));
      return 0;
    }
  };
  for (let runs = 0; runs < STORMY_RUNS && (await run()) < only.length; runs++);
  storm.over = true;
  await weather;
  await vcenter.fault({ kind: 'clear' });
  expect(await run(), told.join('; ')).toBe(only.length);
  return told;
}

async function expectMoved(names: readonly string[], target: string): Promise<void> {
  const caller = await loggedIn(vcenter);
  for (const name of names) expect(await powerOf(caller, byName(name).ref), name).toBe('poweredOff');
  const { changes } = await liveOutcome(target);
  expect(changes.filter(({ undoneAt, kept }) => undoneAt === null && !kept)).toEqual([]);
}

beforeAll(async () => {
  vcenter = await startVcenter({
    hostsPerCluster: 8,
    pageCap: 100,
    taskDelayMs: 20,
    leaseTimeoutSeconds: 3,
  });
  pool = await startPool({
    certificate: POOL_CERTIFICATE,
    timings: { loginDelayMs: 0 },
    hosts: [{}, {}, {}, {}, {}],
    repositories: [{ name: 'Shared', type: 'nfs', size: 2 ** 40, shared: true }],
    networks: ['VM Network', 'Office LAN'],
  });
  const caller = await loggedIn(vcenter);
  made = await createEstate(caller);
  for (const [number, name] of WARM_NAMES.entries()) {
    guests.push(new BusyGuest(byName(name), Buffer.concat([contentOf(9_000 + number, 3 * MIB)], WARM_BYTES)));
  }
  console.log(`made in ${Math.round((Date.now() - begun) / 1000)} s`);
});

async function createEstate(caller: VcenterCaller): Promise<MadeMachine[]> {
  const root = await caller.find('Folder', 'vm');
  const folders: ManagedObject[] = [];
  for (const name of FOLDERS) {
    const escaped = name.replaceAll('&', '&amp;').replaceAll('/', '%2f');
    const value = await caller.call('CreateFolder', root, `<name>${escaped}</name>`);
    folders.push({ type: 'Folder', value });
  }
  const app = await createVApp(caller, 'Night');
  const { ref, switchUuid } = await createPortGroup(caller, 'Office LAN', 42);
  const portGroup = textOf(`<a>${(await caller.properties(ref, 'key')).get('key')}</a>`, 'a');
  const places: Places = { folders, app, portGroup: { portGroup, switchUuid } };
  const machines = await createMachines(vcenter, caller, [
    ...VARIED.map((spec, index) => withContent(spec, index, places)),
    ...WARM_NAMES.map((name, number) => ({
      name,
      disks: [{ content: contentOf(9_000 + number, 3 * MIB), capacity: WARM_BYTES }],
      nics: [{}],
      running: true,
      tools: true,
      shutdownMs: 200,
    })),
  ]);
  const tags = await tagMaker(vcenter);
  const gold = await tags.tag('tier', 'gold');
  const inApp: { vm: ManagedObject; order: number; delay: number }[] = [];
  for (const [index] of VARIED.entries()) {
    const vm = machines[index]?.ref;
    if (vm === undefined) throw new Error('a machine is missing');
    if (index % 6 === 5) await tags.attach(gold, vm);
    if (index % 50 === 9) inApp.push({ vm, order: 1 + Math.floor(index / 50), delay: 30 });
    if (index === OWNED) await setCustomAttribute(caller, 'owner', vm, 'the shop');
    for (const name of index % 25 === 8 ? ['before', 'after'] : []) {
      const what = `<name>${name}</name><memory>false</memory><quiesce>false</quiesce>`;
      await caller.task('CreateSnapshot_Task', vm, what);
    }
  }
  await setStartOrder(caller, app, inApp);
  for (const { name } of (await vcenter.state()).datastores) await vcenter.freeSpace(name, 2 ** 42);
  return machines;
}

afterAll(async () => {
  for (const guest of guests) await guest.stop();
  await vcenter.close();
  await pool.close();
  console.log(`all of it: ${Math.round((Date.now() - begun) / 1000)} s`);
});

describe(`an estate of ${MACHINES} machines`, () => {
  it('is listed as it was made', async () => {
    const { machines, problems } = await inventory();
    expect(problems).toEqual([]);
    expect(machines).toHaveLength(MACHINES);
    const found = new Map(machines.map((machine) => [machine.name, machine]));
    for (const [index, spec] of VARIED.entries()) {
      const machine = found.get(spec.name);
      if (machine === undefined) throw new Error(`${spec.name} is missing`);
      expect(placeOf(machine), spec.name).toEqual(wantedPlace(spec, index));
      const { networks, snapshots } = wantedPlace(spec, index);
      const { nics, disks, ...wanted } = asWanted(spec);
      expect(asMade(machine), spec.name).toEqual({
        ...wanted,
        nics: nics.map((nic, place) => ({ ...nic, network: networks[place] })),
        // Behind two snapshots its disks go on in files of their own.
        disks: disks.map(({ path, ...disk }) => ({
          ...disk,
          path: snapshots.length === 0 ? path : path?.replace(/(?=\.vmdk$)/, '-000002'),
        })),
      });
    }
  });

  it('has machines moved cold that are the same, whatever fails meanwhile', async () => {
    const own = join(folder, 'cold');
    mkdirSync(own);
    const half = (read: 'datastore' | 'export', into: 'xva' | 'vhd'): LiveMigration => ({
      folder: own,
      vcenter,
      target: read,
      into,
      live: { read, allow: ['shutDown'] },
    });
    const stored = COLD_NAMES.slice(0, COLD / 2);
    const exported = COLD_NAMES.slice(COLD / 2);
    const told = [
      ...(await runInStorm(liveMigration(half('datastore', 'xva')), stored, SEED)),
      ...(await runInStorm(liveMigration(half('export', 'vhd')), exported, SEED + 1)),
    ];
    console.log(`cold: ${told.join('; ')}`);
    for (const name of stored) {
      extractXva(join(own, 'datastore', `${name}.xva`), join(own, name));
      for (const [index, { flatPath }] of byName(name).disks.entries()) {
        const arrived = { path: join(own, name, `disk${index}.raw`), format: 'raw' };
        await expectSameContent(arrived, { path: flatPath, format: 'raw' });
      }
    }
    for (const name of exported) {
      for (const [index, { flatPath }] of byName(name).disks.entries()) {
        const arrived = { path: join(own, 'export', name, `${name}-disk${index + 1}.vhd`), format: 'vpc' };
        await expectSameContent(arrived, { path: flatPath, format: 'raw' });
      }
    }
    await expectMoved(stored, join(own, 'datastore'));
    await expectMoved(exported, join(own, 'export'));
  });

  it('has machines moved warm that are the same, although they were written to and all the rest', async () => {
    const own = join(folder, 'warm');
    mkdirSync(own);
    const live = {
      move: 'warm',
      allow: ['snapshot', 'changeTracking', 'shutDown'],
      precopy: { passes: 3, pauseMinutes: 0.02 },
    };
    const migration = liveMigration({ folder: own, vcenter, target: 'out', pool, live });
    const told = await runInStorm(migration, WARM_NAMES, SEED + 2);
    console.log(`warm: ${told.join('; ')}; ${guests.map(({ writes }) => writes).join(', ')} writes`);
    await expectMoved(WARM_NAMES, join(own, 'out'));
    for (const [index, name] of WARM_NAMES.entries()) {
      const guest = guests[index];
      await guest?.stop();
      expect(guest?.writes).toBeGreaterThan(10);
      const vm = pool.objects.named('VM', name);
      const vbds = pool.objects.all('VBD').filter((vbd) => vbd.text('VM') === vm.ref);
      const vdi = vbds.find((vbd) => vbd.text('type') === 'Disk')?.text('VDI') ?? '';
      const arrived = readFileSync(pool.vdiFile(vdi)).subarray(0, WARM_BYTES);
      expect(arrived.equals(guest?.content ?? Buffer.alloc(0)), name).toBe(true);
    }
  });

  it('is otherwise as it was, with nothing left of the work', async () => {
    const { snapshots, leases } = await vcenter.state();
    const kept = VARIED.filter((_, index) => index % 25 === 8);
    expect(snapshots).toHaveLength(kept.length * 2);
    expect(leases.filter(({ state }) => state === 'ready' || state === 'initializing')).toEqual([]);
    expect(pool.objects.all('task')).toEqual([]);
    expect(pool.objects.all('VDI')).toHaveLength(WARM);
    const { machines } = await inventory();
    const found = new Map(machines.map((machine) => [machine.name, machine]));
    for (const [index, spec] of VARIED.entries()) {
      const machine = found.get(spec.name);
      if (machine === undefined) throw new Error(`${spec.name} is missing`);
      expect(placeOf(machine), spec.name).toEqual(wantedPlace(spec, index));
      const { power, changeTracking } = asWanted(spec);
      const isMoved = COLD_NAMES.includes(spec.name);
      expect([machine.powerState, machine.features.changeTracking], spec.name).toEqual([
        isMoved ? 'off' : power,
        changeTracking,
      ]);
    }
    for (const name of WARM_NAMES) {
      expect(found.get(name)?.features.changeTracking, name).not.toBe(true);
      expect(found.get(name)?.snapshots).toEqual([]);
    }
    const caller = await loggedIn(vcenter);
    const manager = { type: 'TaskManager', value: 'TaskManager' };
    const recent = (await caller.properties(manager, 'recentTask')).get('recentTask') ?? '';
    const states = [...recent.matchAll(/>(task-\d+)</g)].map(async ([, value = '']) =>
      (await caller.properties({ type: 'Task', value }, 'info.state')).get('info.state'),
    );
    expect((await Promise.all(states)).filter((state) => state === 'running' || state === 'queued')).toEqual(
      [],
    );
  });
});
