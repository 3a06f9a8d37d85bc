import type { Ref, XapiClient } from '../../xapi/index.js';

/** A VM as far as it can get into the way of another. */
export interface PresentVm {
  readonly ref: Ref;
  readonly name: string;
  readonly powerState: string;
}

/** The VMs of a pool, and which of them use which addresses now. */
export interface PresentVms {
  /** By UUID. */
  readonly vms: ReadonlyMap<string, PresentVm>;
  /** VMs that run, by their MAC addresses in small letters. */
  readonly running: ReadonlyMap<string, readonly PresentVm[]>;
}

/** Rejects as `XapiClient.call` does. */
export async function readPresentVms(client: XapiClient): Promise<PresentVms> {
  const records = Object.entries(await client.call('VM.get_all_records', []));
  const byRef = new Map<Ref, PresentVm>();
  const vms = new Map<string, PresentVm>();
  for (const [ref, { uuid, name_label: name, power_state: powerState, ...vm }] of records) {
    if (vm.is_a_snapshot || vm.is_a_template) continue;
    byRef.set(ref, { ref, name, powerState });
    vms.set(uuid, { ref, name, powerState });
  }
  const running = new Map<string, PresentVm[]>();
  for (const { VM, MAC } of Object.values(await client.call('VIF.get_all_records', []))) {
    const vm = byRef.get(VM);
    if (vm === undefined || vm.powerState === 'Halted') continue;
    const mac = MAC.toLowerCase();
    running.set(mac, [...(running.get(mac) ?? []), vm]);
  }
  return { vms, running };
}
