import { MIB } from '../model/units.js';
import { sizeInBytes } from './allocation-units.js';
import type { Findings } from './findings.js';
import { type HardwareItem, RESOURCE_TYPE } from './hardware-items.js';
import { integerOf } from './xml-query.js';

/** Processors of a machine; 1 with a warning where the descriptor does not tell. `line` is the machine's. */
export function processorsOf(
  items: readonly HardwareItem[],
  line: number,
  findings: Findings,
): { readonly cpus: number; readonly coresPerSocket: number } {
  const item = onlyItem(items, RESOURCE_TYPE.processor, 'processor', findings);
  const cpus = integerOf(item?.quantity ?? null);
  if (item === undefined || cpus === null || cpus === 0) {
    findings.warn('the machine has no processor count; 1 is assumed', item?.line ?? line);
    return { cpus: 1, coresPerSocket: 1 };
  }
  const cores = item.coresPerSocket ?? 1;
  if (cores > 0 && cpus % cores === 0) return { cpus, coresPerSocket: cores };
  findings.warn(`${cores} cores a socket do not divide ${cpus} processors; 1 is used`, item.line);
  return { cpus, coresPerSocket: 1 };
}

/** Memory of a machine in bytes; 0 with a critical finding where the descriptor does not tell. */
export function memoryOf(items: readonly HardwareItem[], line: number, findings: Findings): number {
  const item = onlyItem(items, RESOURCE_TYPE.memory, 'memory', findings);
  if (item === undefined) {
    findings.critical('the machine has no memory Item', line);
    return 0;
  }
  const bytes = sizeInBytes(item.quantity, item.allocationUnits);
  if (bytes === null || bytes === 0) {
    const given = `${item.quantity ?? ''} ${item.allocationUnits ?? ''}`.trim();
    findings.critical(`the memory size "${given}" is not a size`, item.line);
    return 0;
  }
  // No machine has less than a mebibyte: an exporter that forgot the unit counted mebibytes.
  if (item.allocationUnits !== null || bytes >= MIB) return bytes;
  findings.warn(`the memory size ${bytes} has no unit; MiB are assumed`, item.line);
  return bytes * MIB;
}

function onlyItem(
  items: readonly HardwareItem[],
  resourceType: number,
  what: string,
  findings: Findings,
): HardwareItem | undefined {
  const [first, second] = items.filter((item) => item.resourceType === resourceType);
  if (second !== undefined)
    findings.warn(`the machine has several ${what} Items; the first is used`, second.line);
  return first;
}
