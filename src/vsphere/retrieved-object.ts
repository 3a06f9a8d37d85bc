import type { ObjectContent } from './property-schemas.js';
import type { Ref, VimValue } from './vim-value.js';
import { type LocalizedFault, localizedFault, type VsphereFault } from './vsphere-fault.js';

/** A property that the server does not give out, and why. */
export interface MissingProperty {
  readonly path: string;
  readonly fault: VsphereFault;
}

/** What was asked for of an object. */
export interface RetrievedObject {
  readonly ref: Ref;
  /** By path. What an object does not have is not there. */
  readonly properties: Readonly<Record<string, VimValue | undefined>>;
  readonly missing: readonly MissingProperty[];
}

export function retrievedObject(
  { obj, propSet, missingSet }: ObjectContent,
  server: string,
): RetrievedObject {
  return {
    ref: obj,
    properties: Object.fromEntries(propSet.map(({ name, val }) => [name, val])),
    missing: missingProperties(missingSet, server),
  };
}

export function missingProperties(
  missingSet: readonly { readonly path: string; readonly fault: LocalizedFault }[],
  server: string,
): MissingProperty[] {
  return missingSet.map(({ path, fault }) => ({
    path,
    fault: localizedFault(fault, { what: path, server }),
  }));
}
