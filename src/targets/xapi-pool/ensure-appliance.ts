import type { Ref, XapiClient } from '../../xapi/index.js';

/**
 * The pool's VM appliance of that name, made when there is none: what a vApp is to Xen. Needs the role pool-operator.
 * An appliance cannot carry a job's id; an empty one does no harm. Rejects as `XapiClient.call` does.
 */
export async function ensureAppliance(client: XapiClient, name: string, signal: AbortSignal): Promise<Ref> {
  const all = Object.entries(await client.call('VM_appliance.get_all_records', [], { signal }));
  const known = all.find(([, { name_label }]) => name_label === name);
  if (known !== undefined) return known[0];
  return await client.call('VM_appliance.create', [{ name_label: name, name_description: '' }], { signal });
}
