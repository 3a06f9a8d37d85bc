import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { MIB } from '../../src/model/units.js';
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
import { asMade, asWanted, variedMachines } from '../support/varied-machines.js';
import { loggedIn, type VcenterCaller } from '../support/vcenter-caller.js';
import { createMachines } from '../support/vcenter-machines.js';
import { tagMaker } from '../support/vcenter-tags.js';

const { put } = tempFiles();
const PASSWORD = 'XENFERRY_TEST_VCENTER';

vi.stubEnv(PASSWORD, VCENTER_PASSWORD);

function reference({ url, user, fingerprint }: SimulatedVcenter): VsphereReference {
  return { url, user, password: { environment: PASSWORD }, tlsFingerprints: [fingerprint] };
}

/** More than fit into a page. */
const SPECS = variedMachines(120);

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

  it('has tags in both forms of the REST interface, and does without where it is refused', async () => {
    const vcenter = await simulatedVcenter();
    const [tags, caller] = [await tagMaker(vcenter), await loggedIn(vcenter)];
    const [web] = await createMachines(vcenter, caller, [{ name: 'web' }]);
    if (web === undefined) throw new Error('nothing was made');
    await tags.attach(await tags.tag('tier', 'gold'), web.ref);
    const read = async () => {
      const before = (await vcenter.log()).length;
      const { machines, problems } = await readVsphere(reference(vcenter));
      const calls = (await vcenter.log()).slice(before).map(({ call }) => call);
      const forms = ['/api/cis/', '/rest/com/'].filter((form) => calls.some((call) => call.includes(form)));
      const told = problems.map(({ severity, code }) => [severity, code]);
      return { tags: machines[0]?.placement.tags, told, forms };
    };
    expect(await read()).toEqual({ tags: ['gold'], told: [], forms: ['/api/cis/'] });
    await vcenter.fault({ kind: 'status', method: 'POST /api/session', status: 404 });
    expect(await read()).toEqual({ tags: ['gold'], told: [], forms: ['/rest/com/'] });
    const refused = { tags: [], told: [['warning', 'VSPHERE_DENIED']] };
    await vcenter.fault({ kind: 'status', method: 'POST /api/session', status: 401 });
    expect(await read()).toEqual({ ...refused, forms: [] });
    await vcenter.fault({ kind: 'status', method: 'GET /api/cis/tagging/tag', status: 403 });
    expect(await read()).toEqual({ ...refused, forms: ['/api/cis/'] });
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
