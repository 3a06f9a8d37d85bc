import { dirname, join } from 'node:path';
import { loadProfiles } from '../../../src/guests/profiles/index.js';
import { errorCodeOf, XenferryError } from '../../../src/model/errors.js';
import { isBlocking } from '../../../src/model/plan.js';
import { buildPlan } from '../../../src/planning/index.js';
import { readInventory } from '../../../src/sources/index.js';
import { xvaPlan } from '../../../src/targets/xva-folder/index.js';
import { once } from './once.js';

const profiles = once(loadProfiles);

/** Reads a descriptor with all that belongs to it and plans its machines; what keeps them from being converted is thrown. */
export async function readEstate(path: string): Promise<void> {
  const options = { sources: [path], target: join(dirname(path), 'target'), profiles: await profiles() };
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
