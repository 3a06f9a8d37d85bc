import { folderDelivery } from './deliver-folder.js';
import { poolDelivery } from './deliver-pool.js';
import { xvaDelivery } from './deliver-xva.js';
import type { Deliverable, Delivery } from './delivery.js';
import type { BatchContext } from './job.js';

/** What brings the plan's machines to its destination. */
export async function openDelivery(plan: Deliverable, context: BatchContext): Promise<Delivery> {
  const { destination } = plan;
  switch (destination.kind) {
    case 'xva':
      return await xvaDelivery(context, destination.compression);
    case 'vhd':
    case 'xl':
      return folderDelivery(context, destination);
    case 'pool':
      return await poolDelivery(destination, plan, context);
  }
}
