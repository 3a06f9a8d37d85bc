import type { Inventory, Problem } from '../../model/inventory.js';
import type { VirtualMachine } from '../../model/virtual-machine.js';
import type { VsphereReference } from '../../model/vsphere-reference.js';
import { connectVsphere, type RetrieveOptions, type VsphereClient } from '../../vsphere/index.js';
import { repeatedNames } from '../repeated-names.js';
import { buildMachine, type MachineSurroundings } from './build-machine.js';
import { type Estate, readEstate } from './estate.js';
import { retrieveKnown } from './known-properties.js';
import { MACHINE_QUERY } from './machine-schema.js';
import { readTags } from './tags.js';
import { vappShares } from './vapps.js';

/**
 * The machines of a vCenter or an ESXi host, by name, with the world they live in. Ids are those of the managed objects.
 * Nothing is changed there; the user needs System.Read. What may not be seen, and machines that cannot be reached, are
 * problems. Rejects with VSPHERE_* or CONFIG_INVALID when the server itself cannot be used, and with CANCELED.
 */
export async function readVsphere(
  server: VsphereReference,
  options: RetrieveOptions = {},
): Promise<Inventory> {
  const client = await connectVsphere({ ...server, ...options });
  try {
    const { surroundings, problems } = await readSurroundings(client, server, options);
    const machines: VirtualMachine[] = [];
    const found: Problem[] = [];
    for await (const page of retrieveKnown(client, MACHINE_QUERY, options)) {
      for (const object of page) {
        const built = buildMachine(object, surroundings);
        machines.push(built.machine);
        found.push(...built.problems);
      }
    }
    return inventoryOf(machines, [...problems, ...found], surroundings.estate);
  } finally {
    await client.close();
  }
}

/** All that machines are made of beside themselves. Rejects as `readVsphere` does. */
export async function readSurroundings(
  client: VsphereClient,
  server: VsphereReference,
  options: RetrieveOptions,
): Promise<{ readonly surroundings: MachineSurroundings; readonly problems: readonly Problem[] }> {
  const { instanceUuid, apiType } = await client.about();
  const estate = await readEstate(client, options);
  const { tags, problems } =
    apiType === 'VirtualCenter'
      ? await readTags(client, server, options)
      : { tags: new Map<string, readonly string[]>(), problems: [] };
  return {
    surroundings: {
      server,
      serverId: instanceUuid?.toLowerCase() ?? null,
      estate,
      vapps: vappShares(estate.vapps()),
      tags,
    },
    problems: [...estate.problems, ...problems],
  };
}

/** Machines by name, with the warnings that come of having them side by side. */
export function inventoryOf(
  machines: readonly VirtualMachine[],
  problems: readonly Problem[],
  estate: Estate,
): Inventory {
  const sorted = [...machines].sort(byName);
  return { machines: sorted, problems: [...problems, ...repeatedNames(sorted)], facts: estate.facts() };
}

function byName(a: VirtualMachine, b: VirtualMachine): number {
  if (a.name === b.name) return a.id < b.id ? -1 : 1;
  return a.name < b.name ? -1 : 1;
}
