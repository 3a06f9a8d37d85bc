import { dirname, join } from 'node:path';
import { errorCodeOf, XenferryError } from '../../../src/model/errors.js';
import { isBlocking } from '../../../src/model/plan.js';
import { buildPlan } from '../../../src/planning/index.js';
import { readInventory } from '../../../src/sources/index.js';
import { xvaPlan } from '../../../src/targets/xva-folder/index.js';
import { planOptions } from '../../support/planning.js';
import { once } from './once.js';

const shared = once(() => planOptions(''));

/** Reads a descriptor with all that belongs to it and plans its machines; what keeps them from being converted is thrown. */
export async function readEstate(path: string): Promise<void> {
  const options = { ...(await shared()), sources: [path], target: join(dirname(path), 'target') };
  const plan = await buildPlan(await readInventory(path), options);
  for (const machine of plan.machines) xvaPlan(machine, options.profiles);
  const concerns = [...plan.concerns, ...plan.machines.flatMap((machine) => machine.concerns)];
  const critical = [
    ...plan.unreadable,
    ...concerns
      .filter(isBlocking)
      .map(({ id, message }) => ({ code: errorCodeOf(id) ?? ('PLAN_BLOCKED' as const), message })),
  ];
  const worst = critical.find(({ code }) => code === 'INTERNAL') ?? critical[0];
  if (worst !== undefined) throw new XenferryError(worst.code, worst.message, { file: path });
}
