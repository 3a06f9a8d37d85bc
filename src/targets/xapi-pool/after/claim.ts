import type { Ref, XapiClient } from '../../../xapi/index.js';
import { ownedBy, SELF_KEY } from '../ownership.js';

/**
 * Marks a VM or a disk that the pool made of one of ours, and that took its marks along, as the job's own. Rejects as
 * `XapiClient.call` does.
 */
export async function claim(
  client: XapiClient,
  className: 'VM' | 'VDI',
  object: Ref,
  jobId: string,
): Promise<void> {
  const { uuid, other_config } = await client.call(`${className}.get_record`, [object]);
  for (const [key, value] of Object.entries({ ...ownedBy(jobId), [SELF_KEY]: uuid })) {
    if (other_config[key] === value) continue;
    await client.call(`${className}.remove_from_other_config`, [object, key]);
    await client.call(`${className}.add_to_other_config`, [object, key, value]);
  }
}

/**
 * Marks disks that have moved. Best effort: a disk without the mark is as good, and is only not removed should the job
 * be taken back.
 */
export async function claimMoved(client: XapiClient, vdis: readonly Ref[], jobId: string): Promise<void> {
  for (const vdi of vdis) await claim(client, 'VDI', vdi, jobId).catch(() => {});
}
