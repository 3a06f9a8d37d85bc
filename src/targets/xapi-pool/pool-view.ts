import type { NetworkRecord, PifRecord, Ref, SrRecord, VmRecord, XapiClient } from '../../xapi/index.js';

/** What a pool has, as far as an import asks. */
export interface PoolView {
  readonly master: Ref;
  readonly defaultSr: Ref;
  /** Addresses by host. */
  readonly hosts: ReadonlyMap<Ref, string>;
  readonly product: 'xenserver' | 'xcp-ng';
  /** Repositories that take disks and that a host is attached to. */
  readonly storage: ReadonlyMap<Ref, StorageView>;
  readonly networks: ReadonlyMap<Ref, NetworkRecord>;
  readonly pifs: ReadonlyMap<Ref, PifRecord>;
  readonly templates: readonly VmRecord[];
  /** Lower case, with the name of the VM. */
  readonly macs: ReadonlyMap<string, string>;
}

export interface StorageView {
  readonly record: SrRecord;
  /** Addresses of the hosts that are attached. */
  readonly addresses: readonly string[];
}

/** Types that hold no disks, whatever their content type says. */
const DISKLESS = ['iso', 'udev'];

/** Reads all of it, once for all machines. Rejects as `XapiClient.call` does. */
export async function readPool(client: XapiClient, signal?: AbortSignal): Promise<PoolView> {
  const options = { signal };
  const [pools, hosts, srs, pbds, networks, pifs, vms, vifs] = await Promise.all([
    client.call('pool.get_all_records', [], options),
    client.call('host.get_all_records', [], options),
    client.call('SR.get_all_records', [], options),
    client.call('PBD.get_all_records', [], options),
    client.call('network.get_all_records', [], options),
    client.call('PIF.get_all_records', [], options),
    client.call('VM.get_all_records', [], options),
    client.call('VIF.get_all_records', [], options),
  ]);
  const [pool] = Object.values(pools);
  const enabled = Object.entries(hosts).filter(([, host]) => host.enabled);
  const addresses = new Map(enabled.map(([ref, { address }]) => [ref, address]));
  const storage = new Map<Ref, { record: SrRecord; addresses: string[] }>();
  for (const { SR, host, currently_attached } of Object.values(pbds)) {
    const record = srs[SR];
    const address = addresses.get(host);
    if (!currently_attached || address === undefined || record === undefined || !takesDisks(record)) continue;
    const known = storage.get(SR);
    if (known === undefined) storage.set(SR, { record, addresses: [address] });
    else known.addresses.push(address);
  }
  const brand = enabled[0]?.[1].software_version.product_brand ?? '';
  return {
    master: pool?.master ?? '',
    defaultSr: pool?.default_SR ?? '',
    hosts: addresses,
    product: /xcp-ng/i.test(brand) ? 'xcp-ng' : 'xenserver',
    storage,
    networks: new Map(Object.entries(networks)),
    pifs: new Map(Object.entries(pifs)),
    templates: Object.values(vms).filter((vm) => vm.is_a_template && vm.is_default_template),
    macs: new Map(
      Object.values(vifs).map(({ MAC, VM }) => [MAC.toLowerCase(), vms[VM]?.name_label ?? 'an unknown VM']),
    ),
  };
}

function takesDisks({ type, content_type }: SrRecord): boolean {
  return content_type !== 'iso' && !DISKLESS.includes(type);
}
