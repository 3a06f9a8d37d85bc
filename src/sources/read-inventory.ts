import path from 'node:path';
import type { Inventory } from '../model/inventory.js';
import type { VirtualMachine } from '../model/virtual-machine.js';
import type { DescriptorFile, DescriptorKind } from './descriptor-file.js';
import { findDescriptors } from './find-descriptors.js';
import { readOvf } from './ovf/read-ovf.js';
import { problemOfError } from './problems.js';
import { repeatedNames } from './repeated-names.js';
import { isRvtools } from './rvtools/open-export.js';
import { readRvtools } from './rvtools/read-rvtools.js';
import { readVmx } from './vmx/read-vmx.js';

export interface InventoryOptions {
  /** Deployment option to read of packages that have several; their default without one. */
  readonly configuration?: string | undefined;
}

type Reader = (descriptor: DescriptorFile, options: InventoryOptions) => Promise<Inventory>;

const READERS: Readonly<Record<DescriptorKind, Reader>> = {
  ovf: readOvf,
  ova: readOvf,
  vmx: readVmx,
};

/**
 * The machines at `source`: one .ovf, .ova or .vmx file, or a folder searched with the folders in it; or an RVTools
 * export, which is an .xlsx file or a folder with its CSV files, and is not searched further. Only metadata is read.
 * Machines of descriptors are sorted by descriptor path, then start order; those of a list keep its order. Ids are
 * stable as long as files keep their names.
 * A descriptor that cannot be read becomes a critical problem without a machine and never stops the others; a critical
 * problem that leaves the machine readable always names the machine.
 * Throws SOURCE_NOT_FOUND or SOURCE_UNREADABLE for `source` itself.
 */
export async function readInventory(source: string, options: InventoryOptions = {}): Promise<Inventory> {
  if (await isRvtools(source)) return readList(source);
  const { descriptors, problems } = await findDescriptors(source);
  const read: Inventory[] = [];
  for (const descriptor of descriptors) read.push(await readDescriptor(descriptor, options));
  const machines = read.flatMap((inventory) => inStartOrder(inventory.machines));
  return {
    machines,
    problems: [...problems, ...read.flatMap((inventory) => inventory.problems), ...repeatedNames(machines)],
  };
}

async function readDescriptor(descriptor: DescriptorFile, options: InventoryOptions): Promise<Inventory> {
  try {
    return await READERS[descriptor.kind](descriptor, options);
  } catch (error) {
    const problem = problemOfError(error, { file: descriptor.relative, machineId: null });
    return { machines: [], problems: [problem] };
  }
}

async function readList(source: string): Promise<Inventory> {
  try {
    const { machines, problems, facts } = await readRvtools(source);
    return { machines, facts, problems: [...problems, ...repeatedNames(machines)] };
  } catch (error) {
    const problem = problemOfError(error, { file: path.basename(path.resolve(source)), machineId: null });
    return { machines: [], problems: [problem] };
  }
}

function inStartOrder(machines: readonly VirtualMachine[]): readonly VirtualMachine[] {
  const last = Number.POSITIVE_INFINITY;
  return [...machines].sort((a, b) => {
    const left = a.startOrder ?? last;
    const right = b.startOrder ?? last;
    return left === right ? 0 : left - right;
  });
}
