import { XenferryError } from '../model/errors.js';
import type { Plan } from '../model/plan.js';
import { folderDelivery } from './deliver-folder.js';
import { xvaDelivery } from './deliver-xva.js';
import type { Delivery } from './delivery.js';
import type { BatchContext } from './job.js';

/** What brings the plan's machines to its destination. */
export async function openDelivery({ destination }: Plan, context: BatchContext): Promise<Delivery> {
  switch (destination.kind) {
    case 'xva':
      return await xvaDelivery(context, destination.compression);
    case 'vhd':
    case 'xl':
      return folderDelivery(context, destination);
    default:
      throw new XenferryError('USAGE', `machines cannot be made into ${destination.kind} yet`);
  }
}
