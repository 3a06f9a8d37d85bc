import type { Ledger, Order } from '../ledger/index.js';
import type { Plan, PlannedMachine } from '../model/plan.js';

/** Ids of the machines whose guests are to be mended anew by orders that nobody has obeyed yet. */
export async function refixedMachines(
  ledger: Ledger,
  batchId: number,
  { machines }: Plan,
): Promise<ReadonlySet<string>> {
  const orders = (await ledger.orders.waiting(batchId)).filter(({ verb }) => verb === 'refix');
  const wanted = machines.filter((planned) => orders.some((order) => isAbout(order, planned)));
  return new Set(wanted.map(({ machine }) => machine.id));
}

function isAbout({ scope, subject }: Order, { machine, wave }: PlannedMachine): boolean {
  return scope === 'batch' || subject === (scope === 'wave' ? wave : machine.id);
}
