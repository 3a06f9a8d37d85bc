import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { MIB } from '../../src/model/units.js';
import type { VirtualMachine } from '../../src/model/virtual-machine.js';
import type { VsphereReference } from '../../src/model/vsphere-reference.js';
import { readVsphere } from '../../src/sources/index.js';
import { LiveInventory } from '../../src/sources/vsphere/live-inventory.js';
import { startCliWith } from '../support/run-cli.js';
import {
  type SimulatedVcenter,
  simulatedVcenter,
  startVcenter,
  VCENTER_PASSWORD,
} from '../support/simulated-vcenter.js';
import { tempFiles } from '../support/temp-files.js';
import { loggedIn, type VcenterCaller } from '../support/vcenter-caller.js';
import { createMachines, type DiskController, type MachineSpec } from '../support/vcenter-machines.js';
import { tagMaker } from '../support/vcenter-tags.js';

const { put } = tempFiles();
const PASSWORD = 'XENFERRY_TEST_VCENTER';

vi.stubEnv(PASSWORD, VCENTER_PASSWORD);

function reference({ url, user, fingerprint }: SimulatedVcenter): VsphereReference {
  return { url, user, password: { environment: PASSWORD }, tlsFingerprints: [fingerprint] };
}

/** As the inventory calls them. */
const CONTROLLERS: readonly (readonly [DiskController, string])[] = [
  ['pvscsi', 'pvscsi'],
  ['lsilogic', 'lsilogic'],
  ['lsisas', 'lsilogicsas'],
  ['buslogic', 'buslogic'],
  ['sata', 'ahci'],
  ['nvme', 'nvme'],
  ['ide', 'ide'],
];
const NAMES = ['web', 'Bücher & <Söhne>', '日本語 "サーバー"', 'a  b', 'проверка'];
const CARDS = ['VirtualVmxnet3', 'VirtualE1000', 'VirtualE1000e'];

/** More than fit into a page, no two alike. */
const SPECS = Array.from({ length: 120 }, (_, index) => {
  const [controller] = CONTROLLERS[index % CONTROLLERS.length] ?? ['pvscsi'];
  return {
    name: `${NAMES[index % NAMES.length]} ${index}`,
    cpus: 1 + (index % 8),
    memoryMiB: 256 + index * 4,
    firmware: index % 3 === 0 ? 'efi' : 'bios',
    secureBoot: index % 6 === 0,
    annotation: `number ${index}\n${NAMES[index % NAMES.length]}`,
    guestId: index % 2 === 0 ? 'debian11_64Guest' : 'windows2019srv_64Guest',
    changeTracking: index % 4 === 0,
    disks: Array.from({ length: 1 + (index % 3) }, (__, disk) => ({
      capacity: (1 + index + disk) * MIB,
      controller,
      ...(index % 5 === 0 && { mode: 'independent_persistent' }),
    })),
    nics: Array.from({ length: index % 3 }, (__, nic) => ({
      model: CARDS[index % CARDS.length] ?? '',
      mac: `00:50:56:${(0x10 + nic).toString(16)}:00:${index.toString(16).padStart(2, '0')}`,
      connected: index % 2 === 0,
    })),
    ...(index % 10 === 0 && {
      running: true,
      tools: true,
      hostName: `host-${index}`,
      fullName: 'Debian GNU/Linux 11 (64-bit)',
      addresses: index % 3 === 0 ? [] : [[`192.0.2.${index}/24`, `2001:db8::${index}/64`]],
    }),
  } satisfies MachineSpec;
});

/** What of a machine its making decides. */
function asMade(machine: VirtualMachine) {
  const { name, cpus, memoryBytes, firmware, secureBoot, description, guestOs, powerState, features } =
    machine;
  return {
    name,
    cpus,
    memoryMiB: memoryBytes / MIB,
    firmware,
    secureBoot,
    annotation: description,
    guestId: guestOs,
    changeTracking: features.changeTracking,
    power: powerState,
    disks: machine.disks.map(({ capacityBytes, controller, mode, thin, datastore, location }) => ({
      capacityBytes,
      controller,
      mode,
      thin,
      datastore,
      path: location?.kind === 'datastore' ? location.path : null,
    })),
    nics: machine.nics.map(({ network, mac, adapter, connected, staticMac }) => ({
      network,
      mac,
      adapter,
      connected,
      staticMac,
    })),
    guest: [machine.guest.hostName, machine.guest.reportedOs, machine.guest.tools],
    addresses: machine.guest.addresses,
  };
}

function asWanted(spec: (typeof SPECS)[number]): ReturnType<typeof asMade> {
  const { name, cpus, memoryMiB, firmware, secureBoot, annotation, guestId, changeTracking } = spec;
  const isRunning = 'running' in spec;
  return {
    name,
    cpus,
    memoryMiB,
    firmware: firmware === 'efi' ? 'efi' : 'bios',
    secureBoot,
    annotation,
    guestId,
    changeTracking,
    power: isRunning ? 'on' : 'off',
    disks: spec.disks.map((disk, index) => ({
      capacityBytes: disk.capacity,
      controller: CONTROLLERS.find(([kind]) => kind === disk.controller)?.[1] ?? '',
      mode: 'mode' in disk ? 'independent_persistent' : 'persistent',
      thin: true,
      datastore: 'LocalDS_0',
      path: `${name}/${name}${index === 0 ? '' : `_${index}`}.vmdk`,
    })),
    nics: spec.nics.map(({ model, mac, connected }) => ({
      network: 'VM Network',
      mac,
      adapter: model.replace('Virtual', '').toLowerCase(),
      connected,
      staticMac: true,
    })),
    guest: isRunning
      ? [spec.hostName ?? null, spec.fullName ?? null, 'running']
      : [null, null, expect.anything()],
    addresses:
      isRunning && spec.nics.length > 0
        ? (spec.addresses?.[0] ?? []).map((one) => one.replace(/\/.*/, ''))
        : [],
  };
}

describe('an inventory of many machines in a vCenter', () => {
  let vcenter: SimulatedVcenter;
  let caller: VcenterCaller;

  beforeAll(async () => {
    vcenter = await startVcenter({ hostsPerCluster: 2, pageCap: 100 });
    caller = await loggedIn(vcenter);
    await createMachines(vcenter, caller, SPECS);
  }, 120_000);

  afterAll(() => vcenter.close());

  it('has what they were made of', async () => {
    const { machines, problems } = await readVsphere(reference(vcenter));
    const wanted = SPECS.map(asWanted).sort((a, b) => (a.name < b.name ? -1 : 1));
    expect(machines.map(asMade)).toEqual(wanted);
    expect(problems).toEqual([]);
  });

  it('has each of them once when the session ends between two pages', async () => {
    await vcenter.fault({ kind: 'fail', method: 'ContinueRetrievePropertiesEx', fault: 'NotAuthenticated' });
    const { machines } = await readVsphere(reference(vcenter));
    expect(machines.map(({ name }) => name).sort()).toEqual(SPECS.map(({ name }) => name).sort());
  });

  it('asks for nothing that changes anything', async () => {
    const before = (await vcenter.log()).length;
    await readVsphere(reference(vcenter));
    const calls = (await vcenter.log()).slice(before).map(({ call }) => call);
    expect(
      calls.filter((call) => /_Task$|^(?:Create(?!ContainerView)|Destroy(?!View)|Set|Add|Remove)/.test(call)),
    ).toEqual([]);
  });

  it('is what the command line lists and plans', async () => {
    const file = put(
      'live.yaml',
      [
        'version: 1',
        'sources:',
        `  - vsphere: ${new URL(vcenter.url).origin}`,
        `    user: ${vcenter.user}`,
        `    password: { environment: ${PASSWORD} }`,
        `    tlsFingerprints: ["${vcenter.fingerprint}"]`,
        'live: { allow: [shutDown] }',
      ].join('\n'),
    ).path;
    const env = { [PASSWORD]: VCENTER_PASSWORD };
    const listed = await startCliWith(env, ['inventory', '--migration', file, '--json']);
    expect(listed.stderr).toBe('');
    const { machines } = z
      .object({ machines: z.array(z.object({ name: z.string() })) })
      .parse(JSON.parse(listed.stdout));
    expect(machines.map(({ name }) => name).sort()).toEqual(SPECS.map(({ name }) => name).sort());
    const planned = await startCliWith(env, ['plan', '--migration', file, '--only', 'web 0', '--json']);
    expect(planned.stderr).toBe('');
    expect(planned.stdout).toContain('"web 0"');
    expect([listed.stdout, planned.stdout].join('')).not.toContain(VCENTER_PASSWORD);
  });
});

describe('an inventory of a vCenter', () => {
  it('has tags, custom attributes, folders and snapshots', async () => {
    const vcenter = await simulatedVcenter();
    const caller = await loggedIn(vcenter);
    const [vmFolder, tags] = [await caller.find('Folder', 'vm'), await tagMaker(vcenter)];
    const folder = {
      type: 'Folder',
      value: await caller.call('CreateFolder', vmFolder, '<name>Shop</name>'),
    };
    const [web, db] = await createMachines(vcenter, caller, [
      { name: 'web', folder },
      { name: 'db', annotation: 'x' },
    ]);
    if (web === undefined || db === undefined) throw new Error('nothing was made');
    const gold = await tags.tag('tier', 'gold');
    await tags.attach(gold, web.ref);
    await tags.attach(gold, db.ref);
    await tags.attach(await tags.tag('backup', 'daily'), web.ref);
    // The same name in another category tells nothing by itself.
    await tags.attach(await tags.tag('stage', 'live'), db.ref);
    await tags.attach(await tags.tag('network', 'live'), db.ref);
    const manager = { type: 'CustomFieldsManager', value: 'CustomFieldsManager' };
    const field = await caller.call(
      'AddCustomFieldDef',
      manager,
      '<name>owner</name><moType>VirtualMachine</moType>',
    );
    const key = /<key>(-?\d+)</.exec(field)?.[1];
    await caller.call(
      'SetField',
      manager,
      `<entity type="VirtualMachine">${web.ref.value}</entity><key>${key}</key><value>shop</value>`,
    );
    for (const name of ['before', 'after']) {
      const what = `<name>${name}</name><memory>false</memory><quiesce>false</quiesce>`;
      await caller.task('CreateSnapshot_Task', web.ref, what);
    }
    const { machines, problems } = await readVsphere(reference(vcenter));
    const [one, other] = machines;
    expect(problems).toEqual([]);
    expect(one?.placement.tags).toEqual(['gold', 'network/live', 'stage/live']);
    expect(other?.placement).toMatchObject({
      datacenter: 'DC0',
      cluster: 'DC0_C0',
      folder: 'Shop',
      resourcePool: 'Resources',
      tags: ['daily', 'gold'],
      attributes: { owner: 'shop' },
    });
    expect(other?.snapshots.map(({ name }) => name)).toEqual(['before', 'after']);
  });

  it('is kept current by what has changed', async () => {
    const vcenter = await simulatedVcenter();
    const caller = await loggedIn(vcenter);
    const [web, db] = await createMachines(vcenter, caller, [{ name: 'web' }, { name: 'db' }]);
    if (web === undefined || db === undefined) throw new Error('nothing was made');
    const live = await LiveInventory.open(reference(vcenter));
    try {
      const names = () => live.inventory.machines.map(({ name }) => name);
      expect(names()).toEqual(['db', 'web']);
      expect(await live.refresh()).toEqual({ added: [], changed: [], removed: [] });
      await caller.task('ReconfigVM_Task', web.ref, '<spec><memoryMB>4096</memoryMB></spec>');
      await caller.task('Destroy_Task', db.ref);
      const [mail] = await createMachines(vcenter, caller, [{ name: 'mail' }]);
      const changes = await live.refresh();
      expect(changes.added.map(({ id }) => id)).toEqual([mail?.ref.value]);
      expect(changes.changed.map(({ name, memoryBytes }) => [name, memoryBytes / MIB])).toEqual([
        ['web', 4096],
      ]);
      expect(changes.removed).toEqual([db.ref.value]);
      expect(live.inventory).toEqual(await readVsphere(reference(vcenter)));
      // What happens while nobody is logged in is found all the same.
      await vcenter.fault({ kind: 'dropSessions' });
      const again = await loggedIn(vcenter);
      await again.task('Destroy_Task', web.ref);
      await createMachines(vcenter, again, [{ name: 'new' }]);
      const later = await live.refresh();
      expect([later.added.map(({ name }) => name), later.changed, later.removed]).toEqual([
        ['new'],
        [],
        [web.ref.value],
      ]);
      expect(names()).toEqual(['mail', 'new']);
    } finally {
      await live.close();
    }
  });
});

describe('an inventory of an ESXi host', () => {
  it('has its machines, without what only a vCenter knows', async () => {
    const vcenter = await simulatedVcenter({ esx: true });
    const caller = await loggedIn(vcenter);
    await createMachines(vcenter, caller, [{ name: 'web', disks: [{ capacity: MIB }], nics: [{}] }]);
    const { machines, problems, facts } = await readVsphere(reference(vcenter));
    expect(problems).toEqual([]);
    expect(machines).toMatchObject([
      {
        name: 'web',
        placement: { datacenter: 'ha-datacenter', cluster: null, tags: [] },
        disks: [{ capacityBytes: MIB, location: { datacenter: 'ha-datacenter', path: 'web/web.vmdk' } }],
        nics: [{ network: 'VM Network' }],
      },
    ]);
    expect(facts?.hosts).toHaveLength(1);
  });

  it('is refused where the certificate is not the one that is trusted', async () => {
    const vcenter = await simulatedVcenter({ esx: true });
    const wrong = { ...reference(vcenter), tlsFingerprints: ['AB'.repeat(32)] };
    await expect(readVsphere(wrong)).rejects.toMatchObject({ code: 'VSPHERE_UNREACHABLE' });
  });
});
