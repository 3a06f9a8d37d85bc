import type { Problem } from '../model/inventory.js';
import type { VirtualMachine } from '../model/virtual-machine.js';
import { problemOf } from './problems.js';

/** A warning for each machine whose name one before it has. */
export function repeatedNames(machines: readonly VirtualMachine[]): readonly Problem[] {
  const first = new Map<string, VirtualMachine>();
  return machines.flatMap((machine) => {
    const other = first.get(machine.name);
    if (other === undefined) {
      first.set(machine.name, machine);
      return [];
    }
    const message = `the name "${machine.name}" is also that of ${other.id}`;
    const about = { file: machine.source.descriptor, machineId: machine.id };
    return [problemOf('warning', 'PLAN_NAME_TAKEN', message, about)];
  });
}
