import { compileGlob } from '../../guests/profiles/index.js';
import { XenferryError } from '../../model/errors.js';
import type { VirtualMachine } from '../../model/virtual-machine.js';
import type { Selector } from '../migration-file/schema.js';
import type { MachineList } from './machine-lists.js';
import { compileWhere } from './where.js';

/** A condition on machines, made ready to be asked often. */
export interface CompiledSelector {
  /** As the operator wrote it. */
  readonly text: string;
  readonly fits: (machine: VirtualMachine) => boolean;
}

/** A machine fits when it fits all that the selector names. Throws CONFIG_INVALID for an expression or list that is none. */
export function compileSelector(
  selector: Selector,
  lists: ReadonlyMap<string, MachineList>,
): CompiledSelector {
  const conditions = [...conditionsOf(selector, lists)];
  return {
    text: Object.entries(selector)
      .map(([key, value]) => `${key}: ${value}`)
      .join(', '),
    fits: (machine) => conditions.every((condition) => condition(machine)),
  };
}

function* conditionsOf(
  { name, folder, tag, cluster, host, powerState, list, where }: Selector,
  lists: ReadonlyMap<string, MachineList>,
): Generator<CompiledSelector['fits']> {
  if (name !== undefined) yield globOf(name, (machine) => machine.name);
  if (folder !== undefined) {
    const itself = compileGlob(folder);
    const below = compileGlob(`${folder}/*`);
    yield ({ placement }) =>
      placement.folder !== null && (itself(placement.folder) || below(placement.folder));
  }
  if (tag !== undefined) {
    const fits = compileGlob(tag);
    yield ({ placement }) => placement.tags.some(fits);
  }
  if (cluster !== undefined) yield globOf(cluster, ({ placement }) => placement.cluster);
  if (host !== undefined) yield globOf(host, ({ placement }) => placement.host);
  if (powerState !== undefined) yield (machine) => machine.powerState === powerState;
  if (list !== undefined) {
    const named = lists.get(list);
    if (named === undefined) throw new XenferryError('CONFIG_INVALID', `the list ${list} was not read`);
    yield (machine) => named.names(machine);
  }
  if (where !== undefined) yield compileWhere(where).fits;
}

function globOf(pattern: string, text: (machine: VirtualMachine) => string | null): CompiledSelector['fits'] {
  const fits = compileGlob(pattern);
  return (machine) => fits(text(machine) ?? '');
}
