import type { NetworkRecord, PifRecord, Ref, SrRecord, VmRecord, XapiClient } from '../../xapi/index.js';
import { readPermissions } from './read-permissions.js';

/** What a pool has, as far as an import asks. */
export interface PoolView {
  readonly master: Ref;
  readonly defaultSr: Ref;
  /** Addresses by host. */
  readonly hosts: ReadonlyMap<Ref, string>;
  /** Whether or not they take machines at the moment. */
  readonly hostNames: ReadonlyMap<Ref, Named>;
  readonly product: 'xenserver' | 'xcp-ng';
  /** Whether the pool restarts machines of failed hosts. */
  readonly highAvailability: boolean;
  /** Repositories that take disks and that a host is attached to. */
  readonly storage: ReadonlyMap<Ref, StorageView>;
  readonly networks: ReadonlyMap<Ref, NetworkRecord>;
  readonly pifs: ReadonlyMap<Ref, PifRecord>;
  readonly gpuGroups: ReadonlyMap<Ref, Named>;
  readonly templates: readonly VmRecord[];
  /** Lower case, with the name of the VM. */
  readonly macs: ReadonlyMap<string, string>;
  /** What the session may call, such as `vm.set_order`; null: everything. */
  readonly permissions: ReadonlySet<string> | null;
}

export interface Named {
  readonly uuid: string;
  readonly name_label: string;
}

export interface StorageView {
  readonly record: SrRecord;
  /** Addresses of the hosts that are attached. */
  readonly addresses: readonly string[];
  /** Whether it makes qcow2 disks, which may be larger than 2040 GiB. */
  readonly qcow2: boolean;
}

/** Types that hold no disks, whatever their content type says. */
const DISKLESS = ['iso', 'udev'];
/** Of a PBD's device_config: the formats that XCP-ng's administrator allows, the favourite first. */
const FORMATS_KEY = 'preferred-image-formats';

/** Reads all of it, once for all machines. Rejects as `XapiClient.call` does. */
export async function readPool(client: XapiClient, signal?: AbortSignal): Promise<PoolView> {
  const options = { signal };
  const [pools, hosts, srs, pbds, sms, networks, pifs, vms, vifs, gpuGroups, permissions] = await Promise.all(
    [
      client.call('pool.get_all_records', [], options),
      client.call('host.get_all_records', [], options),
      client.call('SR.get_all_records', [], options),
      client.call('PBD.get_all_records', [], options),
      client.call('SM.get_all_records', [], options),
      client.call('network.get_all_records', [], options),
      client.call('PIF.get_all_records', [], options),
      client.call('VM.get_all_records', [], options),
      client.call('VIF.get_all_records', [], options),
      client.call('GPU_group.get_all_records', [], options),
      readPermissions(client, signal),
    ],
  );
  const [pool] = Object.values(pools);
  const enabled = Object.entries(hosts).filter(([, host]) => host.enabled);
  const addresses = new Map(enabled.map(([ref, { address }]) => [ref, address]));
  const formats = new Map(Object.values(sms).map((sm) => [sm.type, sm.supported_image_formats]));
  const storage = new Map<Ref, { record: SrRecord; addresses: string[]; qcow2: boolean }>();
  for (const { SR, host, currently_attached, device_config } of Object.values(pbds)) {
    const record = srs[SR];
    const address = addresses.get(host);
    if (!currently_attached || address === undefined || record === undefined || !takesDisks(record)) continue;
    const known = storage.get(SR);
    if (known !== undefined) known.addresses.push(address);
    else {
      const allowed = device_config[FORMATS_KEY]?.split(/\s*,\s*/) ?? formats.get(record.type) ?? [];
      storage.set(SR, { record, addresses: [address], qcow2: allowed.includes('qcow2') });
    }
  }
  const brand = enabled[0]?.[1].software_version.product_brand ?? '';
  return {
    master: pool?.master ?? '',
    defaultSr: pool?.default_SR ?? '',
    hosts: addresses,
    hostNames: new Map(Object.entries(hosts)),
    product: /xcp-ng/i.test(brand) ? 'xcp-ng' : 'xenserver',
    highAvailability: pool?.ha_enabled ?? false,
    storage,
    networks: new Map(Object.entries(networks)),
    pifs: new Map(Object.entries(pifs)),
    gpuGroups: new Map(Object.entries(gpuGroups)),
    templates: Object.values(vms).filter((vm) => vm.is_a_template && vm.is_default_template),
    macs: new Map(
      Object.values(vifs).map(({ MAC, VM }) => [MAC.toLowerCase(), vms[VM]?.name_label ?? 'an unknown VM']),
    ),
    permissions,
  };
}

function takesDisks({ type, content_type }: SrRecord): boolean {
  return content_type !== 'iso' && !DISKLESS.includes(type);
}
