import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MIB } from '../../src/model/units.js';
import { type SimulatedVcenter, startVcenter } from '../support/simulated-vcenter.js';
import {
  loggedIn,
  type ManagedObject,
  refXml,
  textOf,
  type VcenterCaller,
} from '../support/vcenter-caller.js';
import {
  attachTag,
  createPortGroup,
  createVApp,
  reconfigureCluster,
  restCaller,
  setCustomAttribute,
  setStartOrder,
} from '../support/vcenter-estate.js';
import { createMachines } from '../support/vcenter-machines.js';

let vcenter: SimulatedVcenter;
let caller: VcenterCaller;
let vm: ManagedObject;

beforeAll(async () => {
  vcenter = await startVcenter();
  caller = await loggedIn(vcenter);
  const [made] = await createMachines(vcenter, caller, [{ name: 'web' }]);
  if (made === undefined) throw new Error('nothing was made');
  vm = made.ref;
});

afterAll(() => vcenter.close());

describe('what a simulated vCenter keeps of an estate', () => {
  it('VLANs of distributed port groups, and the cards on them', async () => {
    const { ref, switchUuid } = await createPortGroup(caller, 'Office', 42);
    const config = (await caller.properties(ref, 'config')).get('config') ?? '';
    expect(textOf(config, 'vlanId')).toBe('42');
    const nics = [{ network: { portGroup: ref.value, switchUuid } }];
    const [made] = await createMachines(vcenter, caller, [{ name: 'in the office', nics }]);
    const networks = await caller.properties(made?.ref ?? vm, 'network');
    expect(networks.get('network')).toContain(`>${ref.value}<`);
  });

  it('custom attributes', async () => {
    await setCustomAttribute(caller, 'Cost centre', vm, '4711 & more');
    const told = await caller.properties(vm, 'customValue', 'availableField');
    expect(textOf(told.get('customValue') ?? '', 'value')).toBe('4711 &amp; more');
    expect(textOf(told.get('availableField') ?? '', 'name')).toBe('Cost centre');
  });

  it('tags', async () => {
    const call = await restCaller(vcenter, caller);
    await attachTag(call, 'Environment', 'Production', vm);
    const [tag] = Object.values(Object(await call('GET', '/cis/tagging/tag')));
    expect(await call('GET', `/cis/tagging/tag/${tag}`)).toMatchObject({ name: 'Production' });
    const object_id = { type: vm.type, id: vm.value };
    const asked = call('POST', '/cis/tagging/tag-association?action=list-attached-tags-on-objects', {
      object_ids: [object_id],
    });
    expect(await asked).toEqual([{ object_id, tag_ids: [tag] }]);
    await vcenter.fault({ kind: 'dropSessions' });
    await expect(call('GET', '/cis/tagging/tag')).rejects.toThrow('401');
    caller = await loggedIn(vcenter);
  });

  it('DRS and HA with their rules, groups and overrides', async () => {
    const drs = '<drsConfig><enabled>true</enabled><defaultVmBehavior>manual</defaultVmBehavior></drsConfig>';
    const rule = `<rulesSpec><operation>add</operation><info xsi:type="ClusterAntiAffinityRuleSpec"><enabled>true</enabled><name>apart</name>${refXml('vm', vm)}</info></rulesSpec>`;
    const group = `<groupSpec><operation>add</operation><info xsi:type="ClusterVmGroup"><name>licensed</name>${refXml('vm', vm)}</info></groupSpec>`;
    const override = `<drsVmConfigSpec><operation>add</operation><info>${refXml('key', vm)}<enabled>false</enabled></info></drsVmConfigSpec>`;
    const ha = `<dasVmConfigSpec><operation>add</operation><info>${refXml('key', vm)}<dasSettings><restartPriority>high</restartPriority></dasSettings></info></dasVmConfigSpec>`;
    const inner = `<dasConfig><enabled>true</enabled></dasConfig>${drs}${rule}${group}${ha}${override}`;
    const cluster = await reconfigureCluster(caller, inner);
    const kept = (await caller.properties(cluster, 'configurationEx')).get('configurationEx') ?? '';
    expect(textOf(textOf(kept, 'dasConfig'), 'enabled')).toBe('true');
    expect(textOf(kept, 'defaultVmBehavior')).toBe('manual');
    expect(kept).toContain('ClusterAntiAffinityRuleSpec');
    expect(kept).toContain('<name>licensed</name>');
    expect(textOf(kept, 'restartPriority')).toBe('high');
    expect(textOf(textOf(kept, 'drsVmConfig'), 'enabled')).toBe('false');
  });

  it('vApps with their machines and start order', async () => {
    const app = await createVApp(caller, 'Shop');
    const [made] = await createMachines(vcenter, caller, [{ name: 'in the shop', pool: app }]);
    if (made === undefined) throw new Error('nothing was made');
    await setStartOrder(caller, app, [{ vm: made.ref, order: 2, delay: 120 }]);
    const told = await caller.properties(app, 'vm', 'vAppConfig');
    expect(told.get('vm')).toContain(`>${made.ref.value}<`);
    expect(textOf(told.get('vAppConfig') ?? '', 'startDelay')).toBe('120');
  });

  it('five hundred machines with disks, in pages of a hundred', async () => {
    const specs = Array.from({ length: 500 }, (_, index) => ({
      name: `mass-${index}`,
      disks: [{ capacity: 64 * 1024 * MIB }],
    }));
    const made = await createMachines(vcenter, caller, specs);
    expect(new Set(made.map(({ ref }) => ref.value)).size).toBe(500);
  });
});
