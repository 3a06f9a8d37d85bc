import { toXenferryError } from '../../../model/errors.js';
import { formatBytes } from '../../../model/format.js';
import { PoolFault, type Ref, type XapiClient } from '../../../xapi/index.js';

/** What keeps a VM from every host, host by host; null when one can run it. Rejects as `XapiClient.call` does. */
export async function startObstacle(
  client: XapiClient,
  vm: Ref,
  signal: AbortSignal,
): Promise<string | null> {
  const possible = await client.call('VM.get_possible_hosts', [vm], { signal });
  if (possible.length > 0) return null;
  const hosts = Object.entries(await client.call('host.get_all_records', [], { signal }));
  const reasons = await Promise.all(
    hosts.map(async ([host, { name_label }]) => {
      const reason = await client.call('VM.assert_can_boot_here', [vm, host], { signal }).then(
        () => 'it could not a moment ago',
        (error: unknown) => obstacleWords(client, error),
      );
      return `${name_label}: ${reason}`;
    }),
  );
  return `no host can run it (${reasons.join('; ')})`;
}

/** Why a pool does not start a VM, with names where it tells references. Never rejects. */
export async function obstacleWords(client: XapiClient, error: unknown): Promise<string> {
  if (!(error instanceof PoolFault)) return toXenferryError(error).message;
  const [first = '', second = ''] = error.parameters;
  switch (error.fault) {
    case 'HOST_NOT_ENOUGH_FREE_MEMORY':
      return `${formatBytes(Number(second))} of memory are free, it needs ${formatBytes(Number(first))}`;
    case 'HOST_NOT_ENOUGH_PCPUS':
      return `there are ${second} processors, it needs ${first}`;
    case 'HOST_DISABLED':
      return 'disabled';
    case 'HOST_NOT_LIVE':
      return 'down';
    case 'VM_REQUIRES_SR':
      return `the repository ${await nameOf(client, 'SR', second)} is not attached`;
    case 'VM_REQUIRES_NETWORK':
      return `the network ${await nameOf(client, 'network', second)} is missing`;
    case 'VM_REQUIRES_GPU':
    case 'VM_REQUIRES_VGPU':
      return 'no graphics card of its group is free';
    case 'OPERATION_BLOCKED':
      return `it is locked: ${second}`;
    case 'VM_BAD_POWER_STATE':
      return `it is ${error.parameters[2] ?? 'in another power state'}`;
    case 'NO_HOSTS_AVAILABLE':
      return 'no host can run it';
    default:
      return error.message;
  }
}

async function nameOf(client: XapiClient, className: 'SR' | 'network', object: Ref): Promise<string> {
  return await client.call(`${className}.get_record`, [object]).then(
    ({ name_label }) => name_label,
    () => 'that it needs',
  );
}
