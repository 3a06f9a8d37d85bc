import { CHAIN } from './chain.js';
import { CHUNKED } from './chunked.js';
import { DESCRIPTOR } from './descriptor.js';
import { ESX_SNAPSHOTS } from './esx-snapshots.js';
import { GZIP } from './gzip.js';
import { HOSTED_SPARSE } from './hosted-sparse.js';
import { INFLATE } from './inflate.js';
import { MANIFEST } from './manifest.js';
import { OVA } from './ova.js';
import { OVF } from './ovf.js';
import { QCOW2 } from './qcow2.js';
import { STREAM_OPTIMIZED } from './stream-optimized.js';
import type { FuzzTarget } from './target.js';
import { VHD } from './vhd.js';
import { VMX } from './vmx.js';
import { OVA_XML, XVA } from './xva.js';

/** A disk format joins with its seeds: `diskTarget('qcow2', () => [qemuSeed({ ... })])`. */
export const TARGETS: readonly FuzzTarget[] = [
  HOSTED_SPARSE,
  STREAM_OPTIMIZED,
  DESCRIPTOR,
  CHAIN,
  CHUNKED,
  GZIP,
  ESX_SNAPSHOTS,
  QCOW2,
  VHD,
  XVA,
  OVA_XML,
  OVF,
  OVA,
  MANIFEST,
  VMX,
  INFLATE,
];

/** Throws RangeError when there is none. */
export function targetNamed(name: string): FuzzTarget {
  const target = TARGETS.find((candidate) => candidate.name === name);
  if (target === undefined) throw new RangeError(`no target ${name}`);
  return target;
}
