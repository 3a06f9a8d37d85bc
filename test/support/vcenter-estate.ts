import { z } from 'zod';
import type { SimulatedVcenter } from './simulated-vcenter.js';
import { escapeXml, type ManagedObject, refXml, type VcenterCaller } from './vcenter-caller.js';

/** A distributed port group with a VLAN on the first switch. */
export async function createPortGroup(
  caller: VcenterCaller,
  name: string,
  vlan: number,
): Promise<{ readonly ref: ManagedObject; readonly switchUuid: string }> {
  const dvs = await caller
    .find('VmwareDistributedVirtualSwitch')
    .catch(() => caller.find('DistributedVirtualSwitch'));
  const port = `<defaultPortConfig xsi:type="VMwareDVSPortSetting"><vlan xsi:type="VmwareDistributedVirtualSwitchVlanIdSpec"><inherited>false</inherited><vlanId>${vlan}</vlanId></vlan></defaultPortConfig>`;
  const spec = `<spec><name>${escapeXml(name)}</name>${port}<numPorts>8</numPorts><type>earlyBinding</type></spec>`;
  await caller.task('AddDVPortgroup_Task', dvs, spec);
  const ref = await caller.find('DistributedVirtualPortgroup', name);
  return { ref, switchUuid: (await caller.properties(dvs, 'uuid')).get('uuid') ?? '' };
}

/** A custom attribute of machines with a value for one. */
export async function setCustomAttribute(
  caller: VcenterCaller,
  name: string,
  of: ManagedObject,
  value: string,
): Promise<void> {
  const manager = { type: 'CustomFieldsManager', value: 'CustomFieldsManager' };
  const made = await caller.call(
    'AddCustomFieldDef',
    manager,
    `<name>${escapeXml(name)}</name><moType>VirtualMachine</moType>`,
  );
  const key = `<key>${/<key>(\d+)</.exec(made)?.[1]}</key>`;
  await caller.call('SetField', manager, `${refXml('entity', of)}${key}<value>${escapeXml(value)}</value>`);
}

/** Changes the first cluster; `inner`: the content of a ClusterConfigSpecEx. */
export async function reconfigureCluster(caller: VcenterCaller, inner: string): Promise<ManagedObject> {
  const cluster = await caller.find('ClusterComputeResource');
  const spec = `<spec xsi:type="ClusterConfigSpecEx">${inner}</spec><modify>true</modify>`;
  await caller.task('ReconfigureComputeResource_Task', cluster, spec);
  return cluster;
}

/** A vApp in the first resource pool, which is a place for machines. */
export async function createVApp(caller: VcenterCaller, name: string): Promise<ManagedObject> {
  const shares = '<shares><shares>0</shares><level>normal</level></shares>';
  const limits = `<reservation>0</reservation><expandableReservation>true</expandableReservation><limit>-1</limit>${shares}`;
  const resources = `<resSpec><cpuAllocation>${limits}</cpuAllocation><memoryAllocation>${limits}</memoryAllocation></resSpec>`;
  const pool = await caller.find('ResourcePool');
  const value = await caller.call(
    'CreateVApp',
    pool,
    `<name>${escapeXml(name)}</name>${resources}<configSpec></configSpec>`,
  );
  return { type: 'VirtualApp', value };
}

/** The order in which machines of a vApp start, with delays in seconds. */
export async function setStartOrder(
  caller: VcenterCaller,
  app: ManagedObject,
  machines: readonly { readonly vm: ManagedObject; readonly order: number; readonly delay: number }[],
): Promise<void> {
  const entities = machines.map(
    ({ vm, order, delay }) =>
      `<entityConfig>${refXml('key', vm)}<startOrder>${order}</startOrder><startDelay>${delay}</startDelay><startAction>powerOn</startAction></entityConfig>`,
  );
  await caller.call('UpdateVAppConfig', app, `<spec>${entities.join('')}</spec>`);
}

/** The REST interface of a vCenter in its newer form, logged in. Throws unless it says 2xx. */
export type RestCall = (method: string, path: string, body?: object) => Promise<unknown>;

export async function restCaller(vcenter: SimulatedVcenter, caller: VcenterCaller): Promise<RestCall> {
  const authorization = `Basic ${Buffer.from(`${vcenter.user}:${vcenter.password}`).toString('base64')}`;
  const token = z.string().parse(await rest(caller, 'POST', '/api/session', { authorization }));
  return (method, path, body) =>
    rest(caller, method, `/api${path}`, { 'vmware-api-session-id': token }, body);
}

/** A tag of a category of its own, on an object. */
export async function attachTag(
  call: RestCall,
  category: string,
  name: string,
  { type, value }: ManagedObject,
): Promise<void> {
  const spec = { name: category, description: '', cardinality: 'MULTIPLE', associable_types: [] };
  const categoryId = await call('POST', '/cis/tagging/category', spec);
  const tag = await call('POST', '/cis/tagging/tag', { name, description: '', category_id: categoryId });
  await call('POST', `/cis/tagging/tag-association/${tag}?action=attach`, { object_id: { type, id: value } });
}

async function rest(
  caller: VcenterCaller,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body?: object,
): Promise<unknown> {
  const answer = await caller.send(path, {
    method,
    headers,
    body: body === undefined ? '' : JSON.stringify(body),
  });
  const text = answer.body.toString('utf8');
  if (answer.status >= 300) throw new Error(`HTTP ${answer.status}: ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}
