import { GIB } from '../../model/units.js';
import type { XapiClient } from '../../xapi/index.js';

/** What a pool is, as far as plans are judged by it. */
export interface PoolFacts {
  readonly product: 'xenserver' | 'xcp-ng';
  /** Such as `8.3.0`; undefined when its hosts do not say. */
  readonly release: string | undefined;
  readonly hosts: { readonly name: string; memoryGiB: number; cpus: number; gpus: number }[];
}

/** Of the hosts that are enabled. Rejects as `XapiClient.call` does. */
export async function readPoolFacts(client: XapiClient, signal?: AbortSignal): Promise<PoolFacts> {
  const options = { signal };
  const [hosts, metrics] = await Promise.all([
    client.call('host.get_all_records', [], options),
    client.call('host_metrics.get_all_records', [], options),
  ]);
  const enabled = Object.values(hosts).filter((host) => host.enabled);
  const { product_brand = '', product_version } = enabled[0]?.software_version ?? {};
  return {
    product: /xcp-ng/i.test(product_brand) ? 'xcp-ng' : 'xenserver',
    release: product_version,
    hosts: enabled.map((host) => ({
      name: host.name_label,
      memoryGiB: (metrics[host.metrics]?.memory_total ?? 0) / GIB,
      cpus: Math.max(1, Number(host.cpu_info.cpu_count ?? 1) || 1),
      gpus: host.PGPUs.length,
    })),
  };
}
